"""What is said about a plan, and the numbers behind it."""

import math

import pytest

from bsgrow.schedule import Growth, Reference, compile_plan, notes, report

N = 50_000
STEPS = {"name": "MultiStepLR", "milestones": [60, 120, 160], "gamma": 0.2}


def plan(curve=STEPS, epochs=200, batch=100, **growth):
    return compile_plan(Reference(epochs, 0.1, batch, 0.9, curve), Growth(**growth), N)


def test_nothing_to_say():
    assert notes(plan(max_batch_size=500)) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"max_batch_size": 6250}, "a global batch of 6250 is over a tenth of the 50000 samples"),
        ({"max_batch_size": 5000},
         "the sgd noise scale shown is exact, lr (N/B − 1)/(1 − m): at a global batch of 5000 it "
         "lies 10 % below lr N/(B (1 − m)), which is what the plan keeps"),
        ({"max_batch_size": 3000}, "the last update is cut from"),
        ({"momentum": 0.95, "max_batch_size": 5000},
         "at momentum 0.95 gradients take up to 2 epochs to be forgotten, B/(N(1 − m)); "
         "--set growth.repair=true adds those of the first"),
        ({"momentum": 0.95, "max_batch_size": 5000, "repair": True},
         "0.08 epochs are added for the first"),
        ({"curve": {"name": "CosineAnnealingWarmRestarts", "T_0": 100}, "max_batch_size": 500},
         "the largest lr is 0.5, 5 times its scaled peak, where the reference rises again; "
         "--set growth.shrink=true lets the batch fall"),
        ({"curve": {"name": "ExponentialLR", "gamma": 0.2}, "epochs": 10, "batch": 1000},
         "within one update the reference's lr moves by up to 3.16 % of its peak, at epoch 0; "),
    ],
)  # fmt: skip
def test_what_is_given_up_is_said(arguments, expected):
    assert any(expected in note for note in notes(plan(**arguments))), notes(plan(**arguments))


def test_where_the_exact_form_is_kept_there_is_no_other():
    assert not any("the sgd noise scale shown" in note for note in notes(plan(exact=True)))


def test_an_lr_above_its_peak_is_said_of_a_raised_momentum_too():
    curve = {"name": "CosineAnnealingWarmRestarts", "T_0": 10}
    restarts = plan(curve, epochs=40, batch=128, momentum=0.95)
    assert report(restarts).largest_lr_ratio > 19
    assert any("times its scaled peak" in note for note in notes(restarts))


def test_a_learning_rate_that_vanishes():
    smallest = Reference(200, 5e-324, 100)
    scaled = compile_plan(smallest, Growth(lr_scale=0.4), N)
    said = "from epoch 0 on the lr is too small for a float and is 0; the reference's is 4.94e-324"
    assert said not in notes(compile_plan(smallest, Growth(max_batch_size=100), N))
    assert said in notes(scaled)


def test_the_report_of_a_step_schedule():
    given_up = report(plan(max_batch_size=5000, lr_scale=2))
    assert given_up.largest_lr == pytest.approx(0.2, rel=1e-12)
    assert given_up.largest_lr_ratio == pytest.approx(1, rel=1e-12)
    assert given_up.largest_batch_fraction == 0.1
    assert given_up.num_cut_updates == 0
    assert given_up.largest_forgetting_epochs == pytest.approx(1.0)
    assert given_up.largest_drift == 0, "every milestone falls between two updates"


def test_the_drift_of_an_update_that_straddles_a_milestone():
    straddling = plan(batch=128, max_batch_size=128)
    assert report(straddling).largest_drift == pytest.approx(0.8, rel=1e-12)
    start = report(straddling).drift_sample
    assert start < 60 * N < start + 128


def test_the_drift_of_an_exponential_is_largest_in_its_first_update():
    curve = {"name": "ExponentialLR", "gamma": 0.9}
    given_up = report(plan(curve, epochs=10, mode="decay"))
    assert given_up.largest_drift == pytest.approx(1 - 0.9 ** (99 / N), rel=1e-6)
    assert given_up.drift_sample == 0


def test_a_tail_near_0_and_a_warm_up_from_0_have_the_drift_of_their_slope():
    cosine = {"name": "CosineAnnealingLR", "T_max": 200}
    given_up = report(plan(cosine, mode="decay"))
    assert given_up.largest_drift == pytest.approx(math.pi / 2 / 200 * 99 / N, rel=0.01)
    assert 99 < given_up.drift_sample / N < 101, "where a cosine is steepest"
    warm = {"name": "LinearWarmup", "total_iters": 5, "curve": {**cosine, "T_max": 195}}
    assert report(plan(warm, mode="decay")).largest_drift == pytest.approx(99 / N / 5, rel=1e-6)


def test_a_cosine_without_a_large_drift_has_no_remark_on_it():
    cosine = {"name": "CosineAnnealingLR", "T_max": 200}
    assert not any("moves by" in note for note in notes(plan(cosine, max_batch_size=5000)))
