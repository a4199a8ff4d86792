"""What holds for every plan, over drawn schedules and limits."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.schedule import Growth, Plan, Reference, compile_plan, relative_noise


@st.composite
def multi_step_curves(draw, epochs):
    steps = draw(st.sets(st.integers(1, epochs * 4 - 1), max_size=5))
    gamma = draw(st.sampled_from([0.1, 0.2, 1 / 3, 0.5, 0.97, 1.0, 2.0]))
    return {"name": "MultiStepLR", "milestones": sorted(k / 4 for k in steps), "gamma": gamma}


step_curves = st.fixed_dictionaries(
    {"name": st.just("StepLR"), "step_size": st.floats(0.3, 40), "gamma": st.floats(0.05, 1)}
)
warm_up_curves = st.fixed_dictionaries(
    {"name": st.just("ConstantLR"), "factor": st.floats(0.1, 1), "total_iters": st.floats(0, 9)}
)


@st.composite
def references(draw, curves=None):
    epochs = draw(st.integers(1, 8))
    if curves is None:
        curves = st.one_of(multi_step_curves(epochs), step_curves, warm_up_curves)
    return Reference(
        epochs=epochs,
        lr=draw(st.floats(1e-4, 10)),
        global_batch_size=draw(st.integers(4, 300)),
        momentum=draw(st.sampled_from([0.0, 0.5, 0.9, 0.99])),
        curve=draw(curves),
    )


growths = st.builds(
    Growth,
    mode=st.sampled_from(["decay", "hybrid", "grow"]),
    max_batch_size=st.none() | st.integers(4, 3000),
    lr_scale=st.floats(0.5, 8),
    momentum=st.sampled_from([None, 0.0, 0.9, 0.98]),
    multiple_of=st.sampled_from([1, 1, 2, 16, 100]),
)


@st.composite
def plans(draw, curves=None) -> Plan:
    try:
        return compile_plan(draw(references(curves)), draw(growths), draw(st.integers(300, 3000)))
    except InputError:
        assume(False)
        raise


@given(plans())
def test_updates_tile_the_samples_exactly(plan):
    cursor = 0
    for index, update in enumerate(plan.updates()):
        assert (update.index, update.start) == (index, cursor)
        assert update.stop > update.start
        cursor = update.stop
    assert index + 1 == plan.num_updates
    assert cursor == plan.num_total_samples == plan.epochs * plan.num_samples


@given(plans())
def test_noise_scale_is_the_references_at_the_first_sample_of_every_update(plan):
    reference = plan.reference
    curve = reference.build_curve()
    for update in plan.updates():
        reference_lr = curve.value(Fraction(update.start, plan.num_samples))
        expected = relative_noise(reference_lr, reference.global_batch_size, reference.momentum)
        actual = relative_noise(update.lr, update.global_batch_size, update.momentum)
        assert actual == pytest.approx(expected, rel=1e-12)


@given(plans())
def test_batches_keep_to_the_limits(plan):
    sizes = [phase.global_batch_size for phase in plan.phases]
    assert sizes == sorted(sizes), "a batch never shrinks"
    assert all(size % plan.growth.multiple_of == 0 for size in sizes)
    assert max(sizes) <= (plan.growth.max_batch_size or plan.num_samples)
    if plan.growth.mode == "decay":
        assert len(set(sizes)) == 1
    if plan.growth.mode == "hybrid":
        assert len(set(sizes)) <= 2


@given(plans(), st.data())
def test_at_finds_the_update_that_consumes_a_sample(plan, data):
    sample = data.draw(st.integers(0, plan.num_total_samples - 1))
    update = plan.at(sample)
    assert update.start <= sample < update.stop
    assert update == plan.update(update.index)


@given(plans())
def test_phases_join_and_differ(plan):
    for before, after in zip(plan.phases, plan.phases[1:], strict=False):
        assert before.stop_sample == after.start_sample
        assert before.first_index + before.num_updates == after.first_index
        assert (before.global_batch_size, before.lr) != (after.global_batch_size, after.lr)


@given(plans(step_curves))
def test_lr_of_a_falling_schedule_rises_by_rounding_alone(plan):
    highest = plan.reference.lr * plan.growth.lr_scale
    for phase in plan.phases:
        slack = 1 + plan.growth.multiple_of / phase.global_batch_size
        assert phase.lr <= highest * slack * (1 + 1e-12)
