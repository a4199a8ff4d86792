import pytest

from bsgrow.errors import InputError
from bsgrow.schedule import Growth, Reference, compile_plan
from bsgrow.schedule.rescaling import rescaled_betas, rescaled_decay, rescaled_eps


def test_one_update_of_several_batches_forgets_as_much_as_they_do():
    after_three = 0.9 * 0.9 * 0.9
    assert rescaled_decay(0.9, 3) == pytest.approx(after_three, rel=1e-15)


def test_an_update_of_the_reference_forgets_as_much_as_it_says():
    assert rescaled_decay(0.9999, 1) == 0.9999


def test_a_cut_update_forgets_its_part():
    assert rescaled_decay(0.81, 0.5) == pytest.approx(0.9, rel=1e-15)


def test_adams_averages_remember_as_many_samples_in_any_batch():
    assert rescaled_betas((0.9, 0.999), 1) == (0.9, 0.999)
    assert rescaled_betas((0.9, 0.999), 3) == pytest.approx((0.9**3, 0.999**3), rel=1e-15)
    first, second = rescaled_betas((0.9, 0.999), 40)
    assert 0 < first < second < 1  # where 1 - 40 · 0.1 is below 0


@pytest.mark.parametrize("batch_ratio", [0.5, 2.0, 5.0])
def test_to_first_order_the_betas_are_those_of_the_paper(batch_ratio):
    _, second = rescaled_betas((0.9, 1 - 1e-7), batch_ratio)
    assert 1 - second == pytest.approx(batch_ratio * 1e-7, rel=1e-5)


def test_epsilon_falls_as_the_noise_does():
    assert rescaled_eps(1e-8, 16) == pytest.approx(2.5e-9, rel=1e-15)
    assert rescaled_eps(1e-8, 1) == 1e-8


COSINE = {"name": "CosineAnnealingLR", "T_max": 10}
STEPS = {"name": "MultiStepLR", "milestones": [3, 6], "gamma": 0.2}


@pytest.mark.parametrize(
    "growth",
    [
        Growth(rule="sqrt", max_batch_size=300),
        Growth(rule="sqrt", batch_exponent=1.0, factor="continuous", multiple_of=7),
        Growth(rule="sqrt", lr_scale=1.5, max_batch_size=300, exact=True),
        Growth(rule="linear", exact=True, max_batch_size=300),
    ],
)
@pytest.mark.parametrize("curve", [COSINE, STEPS])
def test_a_sample_takes_as_much_off_as_in_the_reference(growth, curve):
    plan = compile_plan(Reference(10, 0.1, 16, curve=curve), growth, 1010)
    updates = [*plan.updates()]
    assert updates[-1].global_batch_size != plan.phases[-1].global_batch_size  # one is cut
    assert len({update.weight_decay_ratio for update in updates}) > 1
    for update in updates:
        size, reference = update.global_batch_size, plan.reference_lr(update.start)
        assert update.batch_ratio == size / 16
        taken = update.lr * 0.1 * update.weight_decay_ratio / size
        assert taken == pytest.approx(reference * 0.1 / 16, rel=1e-12)


@pytest.mark.parametrize(
    "growth",
    [
        Growth(max_batch_size=300),
        Growth(lr_scale=5.0, max_batch_size=300, multiple_of=7),
        Growth(mode="decay", rule="sqrt"),
    ],
)
def test_by_the_linear_rule_and_without_growth_the_weight_decay_stays(growth):
    plan = compile_plan(Reference(10, 0.1, 16, 0.9, STEPS), growth, 1024)
    assert {update.weight_decay_ratio for update in plan.updates()} == {1.0}


@pytest.mark.parametrize("rescale", [["adam", "adm"], "adam", [1]])
def test_what_is_no_constant_is_refused(rescale):
    with pytest.raises(InputError, match=r"growth\.rescale"):
        Growth(rescale=rescale)


@pytest.mark.parametrize(("unit", "length"), [("updates", 100), ("samples", 1600), ("epochs", 1.6)])
def test_a_warm_up_takes_as_many_samples_at_any_batch(unit, length):
    warm_up = {"name": "LinearLR", "start_factor": 0.25, "total_iters": length}
    growth = Growth(lr_scale=4.0, max_batch_size=64)
    plan = compile_plan(Reference(3, 0.1, 16, curve=warm_up, unit=unit), growth, 1000)
    assert plan.num_updates < plan.baseline_num_updates / 3
    for update in plan.updates():
        share = min(1.0, 0.25 + 0.75 * update.start / 1600)
        assert update.lr == pytest.approx(0.1 * share * update.global_batch_size / 16, rel=1e-12)
