"""Single plans: levels, units, momentum, rules, and what theory says of them."""

import math
from fractions import Fraction

import pytest

from bsgrow.errors import InputError
from bsgrow.schedule import Growth, Reference, compile_plan, report

N = 50_000
COSINE = {"name": "CosineAnnealingLR", "T_max": 200}
STEPS = {"name": "MultiStepLR", "milestones": [60, 120, 160], "gamma": 0.2}


def cosine_plan(**growth):
    return compile_plan(Reference(200, 0.1, 128, 0.9, COSINE), Growth(**growth), N)


def step_plan(curve=STEPS, epochs=200, momentum=0.9, **growth):
    return compile_plan(Reference(epochs, 0.1, 128, momentum, curve), Growth(**growth), N)


def sizes(plan):
    return [phase.global_batch_size for phase in plan.phases]


def test_cosine_saves_the_updates_that_theory_says():
    """Level k holds while the decay is in [2^k, 2^(k + 1)), which the cosine enters at x_k.

    With f(x) = (1 + cos πx) / 2 and f(x_k) = 2^-k, the updates are the part
    Σ (x_{k+1} − x_k) / 2^k + (1 − x_6) / 64 of the reference's; a batch without levels would
    make ∫ max(f, 1/64) dx, which is just over a half, and levels cost at most twice that.
    """
    plan = cosine_plan(max_batch_size=64 * 128)
    entered = [math.acos(2 * 0.5**k - 1) / math.pi for k in range(7)] + [1.0]
    part = sum((entered[k + 1] - entered[k]) / 2**k for k in range(7))
    assert abs(plan.num_updates - part * plan.baseline_num_updates) <= len(plan.phases)
    assert part == pytest.approx(0.623, abs=5e-4)

    continuous = cosine_plan(max_batch_size=64 * 128, factor="continuous")
    cap_at = entered[6]
    integral = (cap_at + math.sin(math.pi * cap_at) / math.pi) / 2 + (1 - cap_at) / 64
    ratio = continuous.num_updates / continuous.baseline_num_updates
    assert integral == pytest.approx(ratio, rel=5e-3), "sizes are rounded down to whole samples"
    assert integral < part < 2 * integral


def test_cosine_grows_in_levels_of_two_up_to_a_tenth_of_the_data():
    assert sizes(cosine_plan()) == [128, 256, 512, 1024, 2048, 4096, 5000]
    assert sizes(cosine_plan(factor=4)) == [128, 512, 2048, 5000]
    assert sizes(cosine_plan(mode="hybrid")) == [128, 256]
    assert sizes(cosine_plan(mode="decay")) == [128]


def test_a_level_begins_where_the_cosine_has_decayed_by_it():
    second = cosine_plan().phases[1]
    half = 100 * N
    assert half <= second.start_sample < half + 128
    assert second.lr == pytest.approx(0.1, rel=1e-4)


def test_a_step_curve_may_grow_in_levels():
    plan = step_plan(max_batch_size=8192, factor=2)
    assert sizes(plan) == [128, 512, 2048, 8192]
    assert [phase.lr for phase in plan.phases] == pytest.approx([0.1, 0.08, 0.064, 0.0512])


def test_rounding_down_is_paid_for_in_lr():
    plan = step_plan(max_batch_size=3200, multiple_of=100)
    assert sizes(plan) == [100, 600, 3200, 3200]
    expected = [0.1 * 100 / 128, 0.02 * 600 / 128, 0.1, 0.02]
    assert [phase.lr for phase in plan.phases] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "per_epoch"),
    [("epochs", 1), ("samples", N), ("updates", Fraction(N, 128)), ("tokens", 7 * N)],
)
def test_positions_in_any_unit(unit, per_epoch):
    curve = {**STEPS, "milestones": [float(m * per_epoch) for m in STEPS["milestones"]]}
    reference = Reference(200, 0.1, 128, 0.9, curve, unit=unit, tokens_per_sample=7)
    growth = Growth(max_batch_size=5120)
    expected = compile_plan(Reference(200, 0.1, 128, 0.9, STEPS), growth, N)
    assert compile_plan(reference, growth, N).phases == expected.phases


def test_hold_keeps_the_curve_within_an_epoch():
    reference = Reference(10, 0.1, 128, 0, {**COSINE, "T_max": 10}, hold="epoch")
    plan = compile_plan(reference, Growth(mode="decay"), N)
    expected = [0.1 * (1 + math.cos(math.pi * epoch / 10)) / 2 for epoch in range(10)]
    assert [phase.lr for phase in plan.phases] == pytest.approx(expected, rel=1e-12)
    assert all(plan.last_lr(phase) == phase.lr for phase in plan.phases)


def test_a_warm_up_stays_one():
    curve = {"name": "LinearWarmup", "total_iters": 5, "curve": {**COSINE, "T_max": 195}}
    plan = step_plan(curve, max_batch_size=5120)
    assert sizes(plan)[:3] == [128, 128, 256]
    assert plan.phases[0].lr == 0.0
    assert plan.last_lr(plan.phases[0]) == pytest.approx(0.1, rel=1e-3)


RESTARTS = {"name": "CosineAnnealingWarmRestarts", "T_0": 100}


def test_after_a_restart_lr_follows_or_the_batch_shrinks():
    stays = step_plan(RESTARTS, max_batch_size=512)
    shrinks = step_plan(RESTARTS, max_batch_size=512, shrink=True)
    assert sizes(stays) == [128, 256, 512, 512]
    assert sizes(shrinks) == [128, 256, 512, 128, 256, 512]
    assert report(stays).largest_lr_ratio == pytest.approx(4, rel=1e-3)
    assert report(shrinks).largest_lr_ratio == pytest.approx(1, rel=1e-6)


def test_the_sqrt_rule_and_seesaws_choice():
    halving = {"name": "StepLR", "step_size": 50, "gamma": 0.5}
    whole = step_plan(halving, momentum=0, rule="sqrt")
    assert sizes(whole) == [128, 512, 2048, 8192]
    assert [phase.lr for phase in whole.phases] == pytest.approx([0.1] * 4, rel=1e-12)
    seesaw = step_plan(halving, momentum=0, rule="sqrt", batch_exponent=1)
    assert sizes(seesaw) == [128, 256, 512, 1024]
    expected = [0.1 / math.sqrt(2) ** k for k in range(4)]
    assert [phase.lr for phase in seesaw.phases] == pytest.approx(expected, rel=1e-12)


def test_part_of_the_decay_by_the_linear_rule():
    plan = step_plan({**STEPS, "gamma": 0.25}, batch_exponent=0.5)
    assert sizes(plan) == [128, 256, 512, 1024]
    assert [phase.lr for phase in plan.phases] == pytest.approx([0.1, 0.05, 0.025, 0.0125])


def test_exact_solves_for_the_batch():
    plan = step_plan(exact=True, multiple_of=1)
    noise = [plan.sgd_noise_scale(phase) for phase in plan.phases]
    expected = [0.1 * 0.2**k * (N / 128 - 1) / (1 - 0.9) for k in range(4)]
    assert noise == pytest.approx(expected, rel=1e-12)
    assert sizes(plan) == [math.floor(1 / ((1 / 128 - 1 / N) * 0.2**k + 1 / N)) for k in range(4)]


def test_lr_scale_by_either_rule():
    assert sizes(step_plan(lr_scale=2, max_batch_size=5120))[0] == 256
    assert sizes(step_plan(lr_scale=2, max_batch_size=5120, rule="sqrt"))[0] == 512


def test_momentum_raised_at_a_milestone_grows_the_batch_there():
    plan = step_plan(max_batch_size=5120, momentum=0.9)
    raised = compile_plan(
        plan.reference, Growth(max_batch_size=5120, momentum_at=60, momentum=0.95), N
    )
    assert [phase.momentum for phase in raised.phases] == [0.9, 0.95, 0.95, 0.95]
    assert sizes(raised) == [128, 1280, 5120, 5120]


def test_repair_waits_until_the_gradients_are_forgotten():
    reference = Reference(200, 0.1, 128, 0.9, STEPS)
    growth = Growth(max_batch_size=5120, momentum=0.95, momentum_at=30, repair=True)
    plan = compile_plan(reference, growth, N)
    first = plan.phases[1]
    assert (first.momentum, first.global_batch_size) == (0.95, 256)
    assert (plan.wait.start, plan.wait.num_samples) == (first.start_sample, 256 * 20)
    assert plan.num_total_samples == 200 * N + 256 * 20
    assert plan.epochs == 200 + 256 * 20 / N
    milestone = plan.phases[2].start_sample
    assert 60 * N + 256 * 20 <= milestone < 60 * N + 256 * 21
    assert plan.baseline_num_updates == 78_125


def test_ten_trillion_samples_make_as_many_phases_as_milestones():
    curve = {"name": "StepLR", "step_size": 0.1, "gamma": 0.5}
    plan = compile_plan(Reference(1, 0.1, 128, 0.9, curve), Growth(max_batch_size=2**20), 10**13)
    assert len(plan.phases) == 10
    assert plan.num_total_samples == 10**13
    update = plan.at(10**13 - 1)
    assert update.stop == 10**13
    assert next(iter(plan.updates(update.index))) == update


def test_a_smooth_curve_is_evaluated_a_few_times_a_phase(monkeypatch):
    evaluations = []
    sine = math.sin
    monkeypatch.setattr(math, "sin", lambda x: evaluations.append(x) or sine(x))
    reference = Reference(1, 0.1, 128, 0.9, {**COSINE, "T_max": 1})
    plan = compile_plan(reference, Growth(max_batch_size=8192), 128 * 10**6)
    assert plan.num_updates > 600_000
    assert len(evaluations) < 150 * len(plan.phases)


@pytest.mark.parametrize(
    ("reference", "growth", "message"),
    [
        ({}, {"factor": 1}, "growth.factor = 1: must be a finite number above 1"),
        ({}, {"factor": math.inf}, "growth.factor = inf: must be a finite number above 1"),
        ({}, {"factor": "two"}, "growth.factor = two: must be a finite number above 1"),
        ({}, {"batch_exponent": 0}, "growth.batch_exponent = 0: must be above 0 and at most 1"),
        ({}, {"batch_exponent": 3, "rule": "sqrt"}, "growth.batch_exponent = 3: must be above 0"),
        ({}, {"momentum_at": 3}, "growth.momentum_at: is for a growth.momentum"),
        ({}, {"repair": True}, "growth.repair: is for a growth.momentum"),
        ({}, {"momentum": 0.95, "momentum_at": -1}, "growth.momentum_at = -1: must not be"),
        ({}, {"momentum": 0.95, "momentum_at": 200}, "growth.momentum_at = 200: is not before"),
        ({}, {"momentum": 0.95, "momentum_at": 199.999, "repair": True}, "no update starts after"),
        ({}, {"momentum": 0.5, "momentum_at": 3}, "growth.momentum = 0.5: is not above"),
        ({}, {"momentum": 0.9, "repair": True}, "so growth.repair has nothing to do"),
        ({}, {"max_batch_size": 127}, "growth.max_batch_size = 127: below the first batch, 128"),
        ({}, {"multiple_of": 129}, "growth.multiple_of = 129: above the first batch, 128"),
        ({}, {"lr_scale": 0.001}, "growth: the first batch would be 0.128 samples"),
        ({"global_batch_size": N}, {"exact": True}, "growth.exact = true: a batch of 50000 holds"),
        ({"unit": "tokens"}, {}, 'schedule.unit = "tokens": needs schedule.tokens_per_sample'),
        ({"tokens_per_sample": 0}, {}, "schedule.tokens_per_sample = 0: must be a finite"),
        ({"curve": {"name": "OneCycleLR", "max_lr": 1, "total_steps": 9}}, {},
         "schedule.curve: ends after 9 epochs, and the run, schedule.epochs = 200, has 200"),
        ({"unit": "updates", "curve": {**STEPS, "milestones": [80_000]}}, {},
         "schedule.curve: the milestone 80000 is not before the end of the run"),
        ({"curve": {"name": "TableLR", "positions": [0, 9], "lrs": [1, 0]}}, {},
         "more than the 50000 samples of the training set"),
        ({"curve": {"name": "ExponentialLR", "gamma": 1e9}}, {}, "is beyond any number"),
        ({"curve": {"name": "StepLR", "step_size": 1e-9}}, {}, "changes more than 1000 times"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(reference, growth, message, monkeypatch):
    monkeypatch.setattr("bsgrow.schedule.reference_lr._MAX_KNOTS", 1000)
    written = {"curve": STEPS, "global_batch_size": 128, **reference}

    def attempt():
        return compile_plan(Reference(200, 0.1, momentum=0.9, **written), Growth(**growth), N)

    with pytest.raises(InputError) as caught:
        attempt()
    assert message in caught.value.message


def test_a_batch_may_be_the_whole_training_set():
    plan = compile_plan(Reference(epochs=5, lr=0.1, global_batch_size=100), Growth(), 100)
    assert [phase.global_batch_size for phase in plan.phases] == [100]
    assert plan.num_updates == 5


TOO_STEEP = {"name": "StepLR", "step_size": 0.01, "gamma": 10}
CHAINED = {
    "name": "ChainedScheduler",
    "schedulers": [
        {"name": "ExponentialLR", "gamma": 1e300},
        {"name": "CosineAnnealingLR", "T_max": 300},
    ],
}


@pytest.mark.parametrize(
    ("lr", "curve", "growth", "message"),
    [
        (0.1, TOO_STEEP, {}, "schedule.curve: the learning rate at epoch 3"),
        (0.1, CHAINED, {}, "schedule.curve: the learning rate at epoch"),
        (1e308, {**STEPS, "gamma": 10.0}, {}, "schedule.curve: the learning rate at epoch 60"),
        (1e306, STEPS, {}, "schedule.lr = 1e+306: the learning rate or the noise scale"),
        (0.1, STEPS, {"lr_scale": 1e308}, "growth: the first batch would be inf samples"),
        (0.1, STEPS, {"lr_scale": 1e308, "rule": "sqrt"}, "growth: the first batch would be inf"),
        (0.1, COSINE, {"lr_scale": 1e306, "momentum": 0.99, "momentum_at": 9},
         "growth.max_batch_size = 50000: below the first batch, 1.28000000128e+308"),
        (0.1, {**STEPS, "gamma": math.inf}, {}, "schedule.curve.gamma = inf: must be finite"),
        (0.1, {**STEPS, "milestones": [1.0, math.nan]}, {}, "milestones = nan: must be finite"),
    ],
)  # fmt: skip
def test_what_is_beyond_any_number_is_refused(lr, curve, growth, message):
    with pytest.raises(InputError) as caught:
        compile_plan(Reference(200, lr, 128, 0.9, curve), Growth(**growth), N)
    assert message in caught.value.message


def test_hybrid_takes_the_first_level_of_a_smooth_curve():
    reference = Reference(200, 0.1, 128, 0.9, {"name": "CosineAnnealingLR", "T_max": 200})
    plan = compile_plan(reference, Growth(mode="hybrid", factor=4), N)
    assert [phase.global_batch_size for phase in plan.phases] == [128, 512]
    with pytest.raises(InputError, match="next to nothing") as caught:
        compile_plan(reference, Growth(mode="hybrid", factor="continuous"), N)
    assert caught.value.hint.startswith("give growth.factor a number")


def test_a_default_cap_is_never_below_the_first_batch():
    """1 − 0.9 and 1 − 0.95 are no floats, and their ratio is a little below 2."""
    cosine = {"name": "CosineAnnealingLR", "T_max": 4}
    reference = Reference(epochs=4, lr=0.1, global_batch_size=10, momentum=0.9, curve=cosine)
    plan = compile_plan(reference, Growth(momentum=0.95), 100)
    assert plan.growth.max_batch_size == plan.phases[0].global_batch_size == 20
