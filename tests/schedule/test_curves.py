"""Curves that torch does not have, and what every curve promises between its knots."""

import math
from fractions import Fraction
from itertools import pairwise

import pytest

from bsgrow.errors import InputError
from bsgrow.schedule import CURVES, build_curve

COSINE = {"name": "CosineAnnealingLR", "T_max": 95}


def values(lr, spec, positions):
    curve = build_curve(lr, spec)
    return [curve.value(Fraction(position)) for position in positions]


@pytest.mark.parametrize(
    ("decay_type", "fall"),
    [
        ("linear", lambda x: 1 - x),
        ("cosine", lambda x: (1 + math.cos(math.pi * x)) / 2),
        ("1-sqrt", lambda x: 1 - math.sqrt(x)),
    ],
)
def test_warmup_stable_decay(decay_type, fall):
    spec = {"name": "WarmupStableDecay", "warmup": 10, "stable": 70, "decay": 20}
    actual = values(2.0, {**spec, "decay_type": decay_type, "min_lr_ratio": 0.1}, range(110))
    expected = [
        2.0 * min(t / 10, 1) if t < 80 else 2.0 * (0.1 + 0.9 * fall(min(t - 80, 20) / 20))
        for t in range(110)
    ]
    assert actual == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_inverse_sqrt():
    actual = values(2.0, {"name": "InverseSqrtLR", "warmup": 16}, range(200))
    expected = [2.0 * min(t / 16, 4 / math.sqrt(t) if t else 0) for t in range(200)]
    assert actual == pytest.approx(expected, rel=1e-12)
    slow = values(1.0, {"name": "InverseSqrtLR", "warmup": 0, "timescale": 100}, [0, 300])
    assert slow == pytest.approx([1.0, 0.5], rel=1e-12)


def test_warm_up_in_front_shifts_the_curve():
    spec = {"name": "LinearWarmup", "total_iters": 5, "start_factor": 0.1, "curve": COSINE}
    actual = values(2.0, spec, range(100))
    ramp = [2.0 * (0.1 + 0.9 * t / 5) for t in range(5)]
    assert actual == pytest.approx([*ramp, *values(2.0, COSINE, range(95))], rel=1e-12)


def test_warm_up_over_a_curve_leaves_its_milestones():
    steps = {"name": "MultiStepLR", "milestones": [30, 60]}
    spec = {"name": "LinearWarmup", "total_iters": 5, "curve": steps, "shift": False}
    actual = values(2.0, spec, [0, 2.5, 5, 29, 30, 60])
    assert actual == pytest.approx([0, 1.0, 2.0, 2.0, 0.2, 0.02], rel=1e-12)


def test_tables():
    table = {"name": "TableLR", "positions": [0, 10, 30], "lrs": [1.0, 0.5, 0.1]}
    assert values(9.0, table, [0, 9.5, 10, 20, 30, 99]) == [1.0, 1.0, 0.5, 0.5, 0.1, 0.1]
    linear = values(9.0, {**table, "interpolation": "linear"}, [0, 5, 10, 20, 30, 99])
    assert linear == pytest.approx([1.0, 0.75, 0.5, 0.3, 0.1, 0.1], rel=1e-12)


def test_a_chain_may_hold_a_chain():
    inner = {"name": "ChainedScheduler", "schedulers": [{"name": "ExponentialLR", "gamma": 0.9}]}
    spec = {"name": "ChainedScheduler", "schedulers": [inner, {"name": "StepLR", "step_size": 2}]}
    assert values(1.0, spec, [3]) == pytest.approx([0.9**3 * 0.1], rel=1e-12)


MONOTONE = [
    {"name": "CyclicLR", "base_lr": 0.1, "max_lr": 1, "step_size_up": 40, "mode": "exp_range",
     "gamma": 0.9},
    {"name": "CyclicLR", "base_lr": 0.1, "max_lr": 1, "step_size_up": 40, "mode": "exp_range",
     "gamma": 1.1},
    {"name": "CyclicLR", "base_lr": 0.1, "max_lr": 1, "step_size_up": 7, "mode": "triangular2"},
    {"name": "OneCycleLR", "max_lr": 1.0, "total_steps": 100},
    {"name": "OneCycleLR", "max_lr": 1.0, "total_steps": 100, "pct_start": 1.0},
    {"name": "OneCycleLR", "max_lr": 1.0, "total_steps": 100, "pct_start": 0.7,
     "three_phase": True},
    {"name": "CosineAnnealingWarmRestarts", "T_0": 10, "T_mult": 2},
    {"name": "CosineAnnealingLR", "T_max": 33},
    {"name": "LinearWarmup", "total_iters": 40, "curve": COSINE, "shift": False},
    {"name": "ChainedScheduler", "schedulers": [
        {"name": "LinearLR", "total_iters": 90, "start_factor": 0.01},
        {"name": "ExponentialLR", "gamma": 0.9}]},
    *({"name": "ChainedScheduler", "schedulers": [
        {"name": "LinearLR", "total_iters": 90, "start_factor": 0.001},
        {"name": "ExponentialLR", "gamma": gamma}]} for gamma in (0.2, 0.3, 0.5)),
    {"name": "ChainedScheduler", "schedulers": [
        {"name": "PolynomialLR", "total_iters": 90, "power": 0.01},
        {"name": "ExponentialLR", "gamma": 1.1}]},
    {"name": "LinearWarmup", "total_iters": 90, "shift": False, "curve": {
        "name": "WarmupStableDecay", "warmup": 0, "stable": 0, "decay": 90,
        "decay_type": "1-sqrt"}},
    {"name": "SequentialLR", "milestones": [50], "schedulers": [
        {"name": "InverseSqrtLR", "warmup": 5}, {"name": "PolynomialLR", "total_iters": 50}]},
]  # fmt: skip


@pytest.mark.parametrize("spec", MONOTONE, ids=lambda spec: spec["name"])
def test_monotone_between_knots(spec):
    curve = build_curve(1.0, spec)
    knots = [Fraction(0), *curve.knots(Fraction(100)), Fraction(100)]
    assert knots == sorted(set(knots))
    for start, stop in pairwise(knots):
        grid = [curve.value(start + (stop - start) * i / 1000) for i in range(1000)]
        slack = 1e-12 * max(grid)
        rises = all(b >= a - slack for a, b in pairwise(grid))
        falls = all(b <= a + slack for a, b in pairwise(grid))
        assert rises or falls, (float(start), float(stop))


def test_the_turn_of_a_product_is_where_its_derivative_vanishes():
    spec = {
        "name": "ChainedScheduler",
        "schedulers": [
            {"name": "LinearLR", "total_iters": 99, "start_factor": 0.01},
            {"name": "ExponentialLR", "gamma": 0.9},
        ],
    }
    turn, end = build_curve(1.0, spec).knots(Fraction(100))
    assert end == 99
    assert float(turn) == pytest.approx(-1 - 1 / math.log(0.9), abs=1e-5)


@pytest.mark.parametrize("pct_start", [0.3, 0.504, 1.0])
@pytest.mark.parametrize("three_phase", [False, True])
def test_one_cycle_stays_at_its_end(pct_start, three_phase):
    """On from there, a straight line would pass 0."""
    spec = {"name": "OneCycleLR", "max_lr": 1.0, "total_steps": 200, "anneal_strategy": "linear",
            "pct_start": pct_start, "three_phase": three_phase}  # fmt: skip
    last, after, end = values(1.0, spec, [199, Fraction(399, 2), 200])
    assert last == after == end > 0


def test_every_curve_has_a_formula_and_its_arguments_documented():
    for name, builder in CURVES.items():
        assert "Args:" in builder.__doc__, name
        for argument in builder.__kwdefaults__ or {}:
            assert f"{argument}:" in builder.__doc__, (name, argument)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"name": "ConstantLR", "total_iters": 0},
         "total_iters = 0: must be above 0, as torch never ends the factor 0.333333 then"),
        ({"name": "LinearLR", "start_factor": 0}, "start_factor = 0: must be above 0"),
        ({"name": "LinearLR", "end_factor": 2}, "end_factor = 2: must be between 0 and 1"),
        ({"name": "LinearLR", "total_iters": 0}, "total_iters = 0: must be above 0"),
        ({"name": "ExponentialLR", "gamma": 0}, "gamma = 0: must be above 0"),
        ({"name": "PolynomialLR", "total_iters": 0}, "total_iters = 0: must be above 0"),
        ({"name": "PolynomialLR", "power": 0}, "power = 0: must be above 0"),
        ({"name": "CosineAnnealingLR", "T_max": 0}, "T_max = 0: must be above 0"),
        ({"name": "CosineAnnealingLR", "T_max": 1, "eta_min": -1}, "eta_min = -1: must not be"),
        ({"name": "CosineAnnealingWarmRestarts", "T_0": 0}, "T_0 = 0: must be above 0"),
        ({"name": "CosineAnnealingWarmRestarts", "T_0": 1, "T_mult": 0}, "T_mult = 0: must be a"),
        ({"name": "CosineAnnealingWarmRestarts", "T_0": 1, "eta_min": -1}, "eta_min = -1: must"),
        ({"name": "CyclicLR", "base_lr": -1, "max_lr": 1}, "base_lr = -1: must not be negative"),
        ({"name": "CyclicLR", "base_lr": 1, "max_lr": 0.1}, "max_lr = 0.1: must be at least"),
        ({"name": "CyclicLR", "base_lr": 0, "max_lr": 1, "step_size_up": 0}, "step_size_up = 0"),
        ({"name": "CyclicLR", "base_lr": 0, "max_lr": 1, "step_size_down": 0}, "step_size_down"),
        ({"name": "CyclicLR", "base_lr": 0, "max_lr": 1, "mode": "saw"}, "mode = saw: must be one"),
        ({"name": "CyclicLR", "base_lr": 0, "max_lr": 1, "gamma": 0}, "gamma = 0: must be above"),
        ({"name": "CyclicLR", "base_lr": 0, "max_lr": 1, "cycle_momentum": True},
         "cycle_momentum = true: the plan sets the momentum"),
        ({"name": "OneCycleLR", "max_lr": 1}, "total_steps: is missing"),
        ({"name": "OneCycleLR", "max_lr": 1, "total_steps": 1}, "total_steps = 1: must be above 1"),
        ({"name": "OneCycleLR", "max_lr": 0, "total_steps": 9}, "max_lr = 0: must be above 0"),
        ({"name": "OneCycleLR", "max_lr": 1, "total_steps": 9, "pct_start": 2}, "pct_start = 2"),
        ({"name": "OneCycleLR", "max_lr": 1, "total_steps": 10, "pct_start": 0.1},
         "pct_start = 0.1: leaves a phase of the cycle no length"),
        ({"name": "OneCycleLR", "max_lr": 1, "total_steps": 9, "anneal_strategy": "x"},
         'anneal_strategy = x: must be one of cos, linear'),
        ({"name": "OneCycleLR", "max_lr": 1, "total_steps": 9, "div_factor": 0}, "div_factor = 0"),
        ({"name": "OneCycleLR", "max_lr": 1, "total_steps": 9, "final_div_factor": 0},
         "final_div_factor = 0: must be above 0"),
        ({"name": "OneCycleLR", "max_lr": 1, "total_steps": 9, "cycle_momentum": True},
         "cycle_momentum = true: the plan sets the momentum"),
        ({"name": "SequentialLR", "schedulers": [], "milestones": []}, "must hold at least one"),
        ({"name": "SequentialLR", "schedulers": [COSINE], "milestones": [3]},
         "milestones = [3]: 1 schedulers need 0"),
        ({"name": "SequentialLR", "schedulers": [COSINE] * 3, "milestones": [3, 2]}, "ascending"),
        ({"name": "SequentialLR", "milestones": [50], "schedulers": [
            {"name": "OneCycleLR", "max_lr": 25, "total_steps": 9}, COSINE]},
         "milestones: a curve that ends after 9 is to run for 50"),
        ({"name": "SequentialLR", "milestones": [50], "schedulers": [
            {"name": "SequentialLR", "milestones": [], "schedulers": [
                {"name": "CyclicLR", "base_lr": 0.1, "max_lr": 1}]}, COSINE]},
         "base_lr = 0.1: torch's gives its own first learning rate to the others"),
        ({"name": "ChainedScheduler", "schedulers": []}, "must hold at least one"),
        ({"name": "ChainedScheduler", "schedulers": [{**COSINE, "eta_min": 0.1}]},
         "schedulers[0].name = 'CosineAnnealingLR': cannot be chained"),
        ({"name": "LinearWarmup", "curve": COSINE, "total_iters": 0}, "total_iters = 0: must be"),
        ({"name": "LinearWarmup", "curve": COSINE, "total_iters": 1, "start_factor": 1},
         "start_factor = 1: must be in [0, 1)"),
        ({"name": "WarmupStableDecay", "warmup": -1, "stable": 1, "decay": 1}, "warmup = -1"),
        ({"name": "WarmupStableDecay", "warmup": 1, "stable": -1, "decay": 1}, "stable = -1"),
        ({"name": "WarmupStableDecay", "warmup": 1, "stable": 1, "decay": 0}, "decay = 0"),
        ({"name": "WarmupStableDecay", "warmup": 1, "stable": 1, "decay": 1, "decay_type": "x"},
         "decay_type = x: must be one of linear, cosine, 1-sqrt"),
        ({"name": "WarmupStableDecay", "warmup": 1, "stable": 1, "decay": 1, "min_lr_ratio": 2},
         "min_lr_ratio = 2: must be between 0 and 1"),
        ({"name": "InverseSqrtLR", "warmup": -1}, "warmup = -1: must not be negative"),
        ({"name": "InverseSqrtLR", "warmup": 0}, "timescale = 0: must be above 0"),
        ({"name": "TableLR", "positions": [1], "lrs": [1]}, "positions = [1]: must begin at 0"),
        ({"name": "TableLR", "positions": [0, 0], "lrs": [1, 1]}, "[0, 0]: must be ascending"),
        ({"name": "TableLR", "positions": [0], "lrs": []}, "lrs = []: needs 1 values"),
        ({"name": "TableLR", "positions": [0], "lrs": [-1]}, "lrs = [-1]: must not be negative"),
        ({"name": "TableLR", "positions": list(range(9)), "lrs": [math.nan] * 9},
         "lrs = nan: must be finite"),
        ({"name": "TableLR", "positions": [0], "lrs": [1], "interpolation": "x"},
         'interpolation = x: must be one of step, linear'),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_named(spec, message):
    with pytest.raises(InputError) as caught:
        build_curve(1.0, spec)
    assert message in caught.value.message
    assert caught.value.message.startswith("schedule.curve.")
