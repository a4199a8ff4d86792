"""What holds for every plan, over drawn schedules of every kind, nested, and limits."""

import json
from dataclasses import replace
from fractions import Fraction
from math import isclose, sqrt

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.schedule import (
    Growth,
    Plan,
    Reference,
    as_dict,
    as_reference,
    compile_plan,
    plan_from_dict,
    report,
    sgd_noise_scale,
)
from tests.drawn import num_cases


def named(name, **strategies):
    return st.fixed_dictionaries({"name": st.just(name), **strategies})


lengths = st.sampled_from([0.3, 1, 1.5, 2, 3.7, 5, 8, 40])
ratios = st.floats(0.05, 1)


@st.composite
def multi_step(draw):
    steps = draw(st.sets(st.integers(1, 7), max_size=4))
    gamma = draw(st.sampled_from([0.1, 0.2, 1 / 3, 0.5, 0.97, 1.0, 2.0]))
    return {"name": "MultiStepLR", "milestones": sorted(k / 4 for k in steps), "gamma": gamma}


@st.composite
def tables(draw):
    lrs = draw(st.lists(st.just(0.0) | st.floats(1e-6, 1), min_size=1, max_size=6))
    kind = draw(st.sampled_from(["step", "linear"]))
    positions = [0.7 * i for i in range(len(lrs))]
    return {"name": "TableLR", "positions": positions, "lrs": lrs, "interpolation": kind}


step_curves = st.one_of(
    named("ConstantLR", factor=ratios, total_iters=lengths),
    named("StepLR", step_size=lengths, gamma=ratios),
    multi_step(),
)
chainable = st.one_of(
    step_curves,
    named("LinearLR", start_factor=ratios, end_factor=st.floats(0, 1), total_iters=lengths),
    named("ExponentialLR", gamma=st.floats(0.2, 1.2)),
    named("PolynomialLR", total_iters=lengths, power=st.floats(0.3, 3)),
    named("CosineAnnealingLR", T_max=lengths),
)
smooth = st.one_of(
    named("CosineAnnealingLR", T_max=lengths, eta_min=st.floats(0, 0.1)),
    named("CosineAnnealingWarmRestarts", T_0=lengths, T_mult=st.integers(1, 3)),
    named(
        "CyclicLR",
        base_lr=st.floats(0, 0.1),
        max_lr=ratios.map(lambda x: x + 0.1),
        step_size_up=lengths,
        step_size_down=lengths,
        gamma=st.floats(0.3, 1.2),
        mode=st.sampled_from(["triangular", "triangular2", "exp_range"]),
    ),
    named("OneCycleLR", max_lr=ratios, total_steps=st.just(9), three_phase=st.booleans()),
    named(
        "WarmupStableDecay",
        warmup=lengths,
        stable=lengths,
        decay=lengths,
        decay_type=st.sampled_from(["linear", "cosine", "1-sqrt"]),
    ),
    named("InverseSqrtLR", warmup=lengths),
    tables(),
)
simple = st.one_of(chainable, smooth)


def nested(inner):
    return st.one_of(
        named("LinearWarmup", curve=inner, total_iters=lengths, shift=st.booleans()),
        named("ChainedScheduler", schedulers=st.lists(chainable, min_size=1, max_size=3)),
        named(
            "SequentialLR",
            schedulers=st.tuples(inner, inner).map(list),
            milestones=st.sampled_from([[0.5], [1], [1.3]]),
        ),
    )


curves = st.recursive(simple, nested, max_leaves=3)


@st.composite
def references(draw, curves=curves):
    return Reference(
        epochs=draw(st.sampled_from([1, 2, 2.5, 4, 8])),
        lr=draw(st.floats(1e-4, 10)),
        global_batch_size=draw(st.integers(4, 100)),
        momentum=draw(st.sampled_from([0.0, 0.5, 0.9])),
        curve=draw(curves),
        hold=draw(st.sampled_from([None, None, None, "epoch"])),
    )


@st.composite
def growths(draw, shrinks):
    rule = draw(st.sampled_from(["linear", "sqrt"]))
    momentum = draw(st.sampled_from([None, None, 0.0, 0.5, 0.95]))
    raised = momentum == 0.95
    return Growth(
        mode=draw(st.sampled_from(["decay", "hybrid", "grow", "grow"])),
        rule=rule,
        factor=draw(st.sampled_from([None, None, 2, 1.5, 3.0, "continuous"])),
        batch_exponent=draw(st.sampled_from([None, 0.5, 1])),
        max_batch_size=draw(st.none() | st.integers(100, 1500)),
        lr_scale=draw(st.sampled_from([0.7, 1.0, 1.0, 2.0])),
        momentum=momentum,
        momentum_at=draw(st.sampled_from([0, 0.5])) if raised else 0,
        repair=draw(st.booleans()) if raised else False,
        multiple_of=draw(st.sampled_from([1, 1, 2, 16])),
        shrink=draw(shrinks),
        exact=draw(st.booleans()),
    )


either = st.booleans()


@st.composite
def plans(draw, curves=curves, shrinks=either) -> Plan:
    reference, growth = draw(references(curves)), draw(growths(shrinks))
    try:
        return compile_plan(reference, growth, draw(st.integers(1000, 3000)))
    except InputError:
        assume(False)
        raise


def held(lr, size, momentum, growth, num_samples):
    """What the rule keeps, by its definition."""
    inverse = 1 / size - 1 / num_samples if growth.exact else 1 / size
    return lr / (1 - momentum) * (inverse if growth.rule == "linear" else sqrt(inverse))


@given(plans())
def test_updates_tile_the_samples_exactly(plan):
    cursor = 0
    for index, update in enumerate(plan.updates()):
        assert (update.index, update.start) == (index, cursor)
        assert update.stop > update.start
        cursor = update.stop
    assert index + 1 == plan.num_updates
    assert cursor == plan.num_total_samples
    expected = plan.reference.epochs * plan.num_samples + plan.wait.num_samples
    assert 0 <= cursor - expected < 1


@given(plans())
def test_noise_scale_is_the_references_at_the_first_sample_of_every_update(plan):
    reference, growth, n = plan.reference, plan.growth, plan.num_samples
    curve, wait = reference.build_curve(), plan.wait
    for update in plan.updates():
        sample = update.start
        if sample > wait.start:
            sample = max(wait.start, sample - wait.num_samples)
        epoch = Fraction(sample, n)
        lr = curve.value(Fraction(int(epoch)) if reference.hold else epoch)
        expected = held(lr, reference.global_batch_size, reference.momentum, growth, n)
        actual = held(update.lr, update.global_batch_size, update.momentum, growth, n)
        assert isclose(actual, expected, rel_tol=1e-12)


@given(plans())
def test_batches_keep_to_the_limits(plan):
    sizes = [phase.global_batch_size for phase in plan.phases]
    growth = plan.growth
    assert growth.shrink or sizes == sorted(sizes), "a batch shrinks only when asked"
    assert all(size % growth.multiple_of == 0 for size in sizes)
    assert max(sizes) <= (growth.max_batch_size or plan.num_samples)
    of_each_momentum = [
        {phase.global_batch_size for phase in plan.phases if phase.momentum == momentum}
        for momentum in {phase.momentum for phase in plan.phases}
    ]
    allowed = {"decay": 1, "hybrid": 2, "grow": plan.num_samples}[growth.mode]
    assert all(len(sizes) <= allowed for sizes in of_each_momentum)


@given(plans(shrinks=st.just(True)))
def test_lr_never_passes_its_scaled_peak_where_the_batch_may_shrink(plan):
    assert report(plan).largest_lr_ratio <= 1 + 1e-8
    peak = plan.growth.lr_scale * max(plan.reference_lr(u.start) for u in plan.updates())
    assert max(u.lr for u in plan.updates()) <= peak * (1 + 1e-8)


@given(plans())
def test_the_largest_lr_is_that_of_an_update(plan):
    *uncut, _ = plan.updates()
    largest = report(plan).largest_lr
    assert all(update.lr <= largest * (1 + 1e-9) for update in uncut)


@pytest.mark.parametrize(("epochs", "total_iters"), [(90, 90), (200, 200), (300, 200)])
def test_a_turn_at_the_very_start_is_not_missed(epochs, total_iters):
    schedulers = [
        {"name": "LinearLR", "start_factor": 0.001, "total_iters": total_iters},
        {"name": "ExponentialLR", "gamma": 0.2},
    ]
    curve = {"name": "ChainedScheduler", "schedulers": schedulers}
    plan = compile_plan(Reference(epochs, 0.1, 128, 0.9, curve), Growth(), 5000)
    largest = max(update.lr for update in plan.updates())
    assert report(plan).largest_lr == pytest.approx(largest, rel=1e-12)
    for phase in plan.phases:
        indices = range(phase.first_index, phase.first_index + phase.num_updates)
        bound = max(phase.lr, plan.last_lr(phase)) * (1 + 1e-9)
        assert all(plan.update(index).lr <= bound for index in indices)


@given(plans(step_curves))
def test_lr_of_a_step_schedule_never_passes_its_scaled_peak(plan):
    highest = max(plan.reference_lr(phase.start_sample) for phase in plan.phases)
    falling = [plan.reference_lr(phase.start_sample) for phase in plan.phases]
    assume(falling == sorted(falling, reverse=True))
    for phase in plan.phases:
        assert phase.lr <= highest * plan.growth.lr_scale * (1 + 1e-8)


@given(plans(), st.data())
def test_at_finds_the_update_that_consumes_a_sample(plan, data):
    sample = data.draw(st.integers(0, plan.num_total_samples - 1))
    update = plan.at(sample)
    assert update.start <= sample < update.stop
    assert update == plan.update(update.index)


@given(plans())
def test_phases_join_and_differ_and_bound_the_lr(plan):
    for before, after in zip(plan.phases, plan.phases[1:], strict=False):
        assert before.stop_sample == after.start_sample
        assert before.first_index + before.num_updates == after.first_index
        assert before != replace(after, first_index=before.first_index)
    for phase in plan.phases:
        low, high = sorted([phase.lr, plan.last_lr(phase)])
        for index in range(phase.first_index, phase.first_index + phase.num_updates, 7):
            if index < plan.num_updates - 1:
                assert low * (1 - 1e-9) - 1e-15 <= plan.update(index).lr <= high * (1 + 1e-9)


@settings(max_examples=num_cases(50))
@given(plans())
def test_the_plan_of_a_plan_is_itself(plan):
    growth = replace(plan.growth, repair=False)
    again = compile_plan(as_reference(plan), growth, plan.num_samples)
    assert again.num_updates == plan.num_updates
    for update, expected in zip(again.updates(), plan.updates(), strict=True):
        assert (update.start, update.stop) == (expected.start, expected.stop)
        assert isclose(update.lr, expected.lr, rel_tol=1e-12)


@settings(max_examples=num_cases(50))
@given(plans())
def test_a_plan_survives_json(plan):
    written = json.loads(json.dumps(as_dict(plan)))
    assert plan_from_dict(written, plan.reference, plan.growth) == plan
    written["phases"][0]["global_batch_size"] += 1
    with pytest.raises(InputError, match="not the one that its reference and growth give"):
        plan_from_dict(written, plan.reference, plan.growth)


@given(plans())
def test_the_dictionary_holds_first_and_last_values_where_lr_moves(plan):
    for phase, written in zip(plan.phases, as_dict(plan)["phases"], strict=True):
        last_lr, size = plan.last_lr(phase), phase.global_batch_size
        last_noise = sgd_noise_scale(last_lr, size, phase.momentum, plan.num_samples)
        moves = phase.lr != last_lr
        noise = [plan.sgd_noise_scale(phase), last_noise]
        assert written["lr"] == ([phase.lr, last_lr] if moves else phase.lr)
        assert written["sgd_noise_scale"] == (noise if noise[0] != noise[1] else noise[0])
