"""What a curve allows and what keeps a plan from it, by values reckoned by hand."""

import math
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings

from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.schedule import Growth, Reference, allowance, compile_plan
from bsgrow.schedule.reference_lr import build_reference_lr
from tests.drawn import num_cases
from tests.schedule.test_properties import plans

N = 50_000
STEPS = {"name": "MultiStepLR", "milestones": [60, 120, 160], "gamma": 0.2}
COSINE = {"name": "CosineAnnealingLR", "T_max": 200}
STEPS_MEAN = (60 + 60 * 0.2 + 40 * 0.04 + 40 * 0.008) / 200
BASELINE = 200 * N / 128


def plan(curve=STEPS, momentum=0.9, batch=128, **growth):
    return compile_plan(Reference(200, 0.1, batch, momentum, curve), Growth(**growth), N)


def kept(made, *names):
    """Return what some limits add, and check that the others add nothing, a few updates apart."""
    found = allowance(made)
    rest = {k: v for k, v in found.kept_by.items() if k not in (*names, "whole_updates")}
    assert rest == pytest.approx(dict.fromkeys(rest, 0.0), abs=1e-3)
    assert abs(found.kept_by["whole_updates"]) < 3
    assert found.num_updates + math.fsum(found.kept_by.values()) == pytest.approx(made.num_updates)
    return [found.kept_by[name] for name in names]


@pytest.mark.parametrize(
    ("curve", "mean"),
    [
        (STEPS, STEPS_MEAN),
        (COSINE, 1 / 2),
        ({**COSINE, "eta_min": 0.02}, 0.6),
        ({"name": "LinearLR", "start_factor": 1.0, "end_factor": 0.0, "total_iters": 200}, 1 / 2),
        ({"name": "PolynomialLR", "total_iters": 200, "power": 2.0}, 1 / 3),
        ({"name": "ExponentialLR", "gamma": math.exp(-1 / 200)}, 1 - math.exp(-1)),
        ({"name": "ConstantLR", "factor": 1.0}, 1.0),
        ({"name": "LinearWarmup", "total_iters": 50, "curve": {**COSINE, "T_max": 150}}, 1 / 2),
        ({"name": "CosineAnnealingWarmRestarts", "T_0": 50}, 1 / 2),
        ({"name": "TableLR", "positions": [0, 50], "lrs": [0.0, 0.3]}, 3 / 4),
    ],
)  # fmt: skip
def test_the_mean_of_a_curve(curve, mean):
    found = allowance(plan(curve))
    assert found.mean == pytest.approx(mean, rel=1e-9)
    assert found.num_updates == pytest.approx(mean * BASELINE, rel=1e-9)


@pytest.mark.parametrize(("curve", "mean"), [(COSINE, 3 / 8), (STEPS, None)])
def test_by_the_sqrt_rule_it_is_of_squares(curve, mean):
    squares = (60 + 60 * 0.2**2 + 40 * 0.04**2 + 40 * 0.008**2) / 200
    found = allowance(plan(curve, momentum=0.0, rule="sqrt", max_batch_size=N))
    assert found.mean == pytest.approx(mean or squares, rel=1e-9)
    assert found.num_updates == pytest.approx((mean or squares) * BASELINE, rel=1e-9)


def test_a_larger_first_batch_allows_fewer():
    found = allowance(plan(lr_scale=5.0, max_batch_size=5120))
    assert (found.mean, found.num_updates) == pytest.approx((0.3696, 5775.0))


def test_the_cap():
    (cap,) = kept(plan(max_batch_size=5120), "max_batch_size")
    assert cap == pytest.approx(40 * N * (1 / 5120 - 1 / 16_000), rel=1e-9)
    assert kept(plan()) == []


def test_levels_and_the_cap_of_a_cosine():
    """The part that is left of the updates is Σ (x_{k+1} − x_k)/2^k, and from the cap on 1/64."""
    levels, cap = kept(plan(COSINE, max_batch_size=64 * 128), "factor", "max_batch_size")
    ends = [math.acos(2 ** (1 - k) - 1) / math.pi for k in range(7)] + [1.0]
    left = sum((b - a) / 2**k for k, (a, b) in enumerate(pairwise(ends)))
    assert left == pytest.approx(0.623, abs=5e-4)
    assert (1 / 2 * BASELINE + levels + cap) == pytest.approx(left * BASELINE, rel=1e-6)
    last = 1 - ends[6]  # ∫ (1 + cos πx)/2 dx over the end of the run
    beyond = last / 64 - (last / 2 - math.sin(math.pi * ends[6]) / (2 * math.pi))
    assert cap == pytest.approx(beyond * BASELINE, rel=1e-6)


def test_the_warm_up():
    warm = {"name": "LinearWarmup", "total_iters": 50, "curve": {"name": "ConstantLR", "factor": 1}}
    (warm_up,) = kept(plan({**warm, "curve": {"name": "StepLR", "step_size": 200}}), "warm_up")
    assert warm_up == pytest.approx(BASELINE * 25 / 200, rel=1e-9)


def test_a_batch_that_stays_where_lr_rises_again_saves_updates():
    cycles = {"name": "CosineAnnealingWarmRestarts", "T_0": 100, "eta_min": 0.05}
    found = allowance(plan(cycles, factor="continuous", max_batch_size=1000))
    rises = BASELINE * (1 / 2 * 1 / 2 - 1 / 2 * 3 / 4)  # half of the run at a half, not 3/4
    assert found.kept_by["restarts"] == pytest.approx(rises, rel=1e-6)
    assert allowance(plan(cycles, shrink=True)).kept_by["restarts"] == 0


@pytest.mark.parametrize(
    ("mode", "left"), [("decay", 1.0), ("hybrid", (60 + 140 * 0.2) / 200)]
)  # fmt: skip
def test_the_mode(mode, left):
    (added,) = kept(plan(mode=mode), "mode")
    assert added == pytest.approx((left - STEPS_MEAN) * BASELINE, rel=1e-9)


def test_hybrid_that_a_cap_lets_not_grow():
    (cap,) = kept(plan(mode="hybrid", max_batch_size=128), "max_batch_size")
    assert cap == pytest.approx((1 - STEPS_MEAN) * BASELINE, rel=1e-9)


def test_an_exponent_below_that_of_the_rule():
    made = plan(momentum=0.0, rule="sqrt", batch_exponent=1.0)
    squares = (60 + 60 * 0.2**2 + 40 * 0.04**2 + 40 * 0.008**2) / 200
    (exponent,) = kept(made, "batch_exponent")
    assert exponent == pytest.approx((STEPS_MEAN - squares) * BASELINE, rel=1e-9)


def test_multiples():
    """Batches of 100, 600, 3100 and 15 600 in place of 125, 625, 3125 and 15 625."""
    (rounding,) = kept(plan(batch=125, multiple_of=100), "rounding")
    sizes = {60: ((100, 125), (600, 625)), 40: ((3100, 3125), (15_600, 15_625))}
    added = [d * N * (1 / a - 1 / b) for d, pairs in sizes.items() for a, b in pairs]
    assert rounding == pytest.approx(sum(added), rel=1e-9)


def test_without_levels_each_update_is_rounded_on_its_own():
    found = allowance(plan(COSINE, factor="continuous", multiple_of=128))
    assert found.kept_by["whole_updates"] == found.kept_by["factor"] == 0
    assert found.kept_by["rounding"] > 5000


def test_a_momentum_that_is_raised_later():
    growth = Growth(momentum=0.95, momentum_at=100)  # twice the batch from there on
    made = compile_plan(Reference(200, 0.1, 128, 0.9, STEPS), growth, N)
    least = 60 * N / 128 + 40 * N / 640 + 20 * N / 1280 + 40 * N / 6400 + 40 * N / 32_000
    assert allowance(made).num_updates == pytest.approx(least, rel=1e-9)


@pytest.mark.parametrize("name", ["imagenet-resnet50-grow", "digits", "cifar10-grow-lr-momentum"])
def test_shipped_recipes_add_up(name):
    made = plan_recipe(load_recipe(name))
    found = allowance(made)
    assert found.num_updates + math.fsum(found.kept_by.values()) == pytest.approx(made.num_updates)
    assert found.num_updates < made.num_updates


@pytest.mark.parametrize(
    ("curve", "growth"),
    [
        ({"name": "CyclicLR", "base_lr": 0.01, "max_lr": 0.1, "step_size_up": 0.05}, {}),
        (COSINE, {"factor": 1.0001}),
    ],
)  # fmt: skip
def test_what_would_take_long_is_left_out(curve, growth):
    assert allowance(plan(curve, **growth)) is None


@settings(max_examples=num_cases(30))
@given(plans())
def test_of_any_plan_the_parts_add_up_and_the_mean_is_that_of_its_samples(made):
    found = allowance(made)
    assume(found is not None)
    total = found.num_updates + math.fsum(found.kept_by.values())
    assert total == pytest.approx(made.num_updates, rel=1e-9, abs=1e-6)
    follows = build_reference_lr(made.reference, made.num_samples, made.wait)
    lrs = [follows.lr(sample) for sample in range(0, made.num_total_samples, 7)]
    assume(max(lrs) > 0)
    exponent, pieces = made.growth.scaling.exponent, sum(1 for _ in follows.pieces())
    mean = math.fsum((lr / max(lrs)) ** exponent for lr in lrs) / len(lrs)
    assert found.mean == pytest.approx(mean, abs=1e-3 + 4 * (pieces + 1) / len(lrs), rel=0.03)
