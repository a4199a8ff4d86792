"""A plan that saves nothing, or next to nothing, says why; what it advises does help."""

import re

import pytest

from bsgrow.schedule import Growth, Reference, compile_plan, notes

N = 50_000
CONSTANT = {"name": "ConstantLR", "factor": 1.0}
COSINE = {"name": "CosineAnnealingLR", "T_max": 10}
STEPS = {"name": "MultiStepLR", "milestones": [3, 6], "gamma": 0.2}
LATE = {"name": "MultiStepLR", "milestones": [9.9]}
CAP = "is no more than the first batch, 125; a larger one lets it grow"


def plan(curve=COSINE, num_samples=N, momentum=0.0, raised=None, **growth):
    reference = Reference(10, 0.1, 125, momentum, curve)
    return compile_plan(reference, Growth(momentum=raised, **growth), num_samples)


def why(made):
    return [note for note in notes(made) if re.match("no update is|only|.* more than the b", note)]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"curve": CONSTANT}, "the lr is constant, and the batch grows only where it falls"),
        ({"curve": CONSTANT, "mode": "decay"}, "the lr is constant, and the batch grows only"),
        ({"curve": {**STEPS, "gamma": 1.0}}, "the lr is constant"),
        ({"curve": {**STEPS, "milestones": []}}, "the lr is constant"),
        ({"curve": {"name": "StepLR", "step_size": 10}}, "the lr is constant"),
        ({"curve": {"name": "LinearLR", "total_iters": 10}}, "the lr only rises"),
        ({"curve": {"name": "LinearWarmup", "total_iters": 3, "curve": CONSTANT}},
         "the lr only rises"),
        ({"mode": "decay"}, 'growth.mode = "decay" leaves the batch alone; --set growth.mode=grow '
         "lets it take the decay"),
        ({"curve": {**STEPS, "gamma": 0.01}, "mode": "decay"},
         'growth.mode = "decay" leaves the batch alone'),
        ({"max_batch_size": 125}, f"growth.max_batch_size = 125 {CAP}"),
        ({"curve": STEPS, "max_batch_size": 125}, f"growth.max_batch_size = 125 {CAP}"),
        ({"max_batch_size": 125, "rule": "sqrt"}, f"growth.max_batch_size = 125 {CAP}"),
        ({"max_batch_size": 125, "factor": 1000.0}, f"growth.max_batch_size = 125 {CAP}"),
        ({"max_batch_size": 130}, "growth.max_batch_size = 130 lets the batch grow from 125 to 130 "
         "only; a larger one lets it grow"),
        ({"num_samples": 1250},
         f"growth.max_batch_size = 125, by default N/10 or the first batch, {CAP}"),
        ({"num_samples": 300},
         f"growth.max_batch_size = 125, by default N/10 or the first batch, {CAP}"),
        ({"num_samples": 125}, "the first batch, 125, cannot grow, with 125 samples"),
        ({"num_samples": 126, "exact": True}, "the first batch, 125, cannot grow, with 126 sam"),
        ({"curve": {**COSINE, "eta_min": 0.06}},
         "the first level of growth.factor = 2 is a batch of 250, which the decay reaches late"),
        ({"factor": 1000.0}, "the first level of growth.factor = 1000 is a batch of 125000"),
        ({"batch_exponent": 0.001}, "growth.batch_exponent = 0.001 leaves most of the decay to"),
        ({"curve": {**STEPS, "gamma": 0.8}, "multiple_of": 125},
         "batches are rounded down to multiples of growth.multiple_of = 125"),
        ({"curve": {"name": "StepLR", "step_size": 1, "gamma": 0.97}, "mode": "hybrid"},
         'growth.mode = "hybrid" takes the first decay alone; "grow" takes all of it'),
        ({"curve": LATE}, "the batch grows from 125 to 1250, and not before epoch 9.9 of 10"),
        ({"curve": {**COSINE, "T_max": 300}}, "the lr falls by 0.27 % at most"),
        ({"lr_scale": 0.5, "curve": CONSTANT},
         "the first batch is 62, below schedule.global_batch_size = 125, by growth.lr_scale = 0.5"),
        ({"momentum": 0.9, "curve": CONSTANT, "raised": 0.8}, "by growth.momentum = 0.8"),
        ({"curve": CONSTANT, "multiple_of": 100}, "by growth.multiple_of = 100"),
    ],
)  # fmt: skip
def test_why_nothing_is_saved(arguments, reason):
    made = plan(**arguments)
    (note,) = why(made)
    saved, _, told = note.partition(": ")
    assert reason in told
    more = made.num_updates - made.baseline_num_updates
    assert saved.startswith("only " if more < 0 else f"{more} updates" if more else "no update")


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"curve": STEPS},
        {"curve": CONSTANT, "lr_scale": 2},
        {"curve": STEPS, "mode": "hybrid"},
        {"curve": {**COSINE, "eta_min": 0.04}},
    ],
)
def test_a_plan_that_saves_is_not_asked_why(arguments):
    assert why(plan(**arguments)) == []


@pytest.mark.parametrize("num_samples", [1250, 300, N])
def test_a_larger_cap_lets_it_grow(num_samples):
    held, freed = (plan(num_samples=num_samples, max_batch_size=cap) for cap in (125, 250))
    assert freed.num_updates < held.num_updates
    assert why(freed) == []


def test_the_other_mode_takes_the_decay():
    assert "--set growth.mode=grow" in why(plan(mode="decay"))[0]
    assert why(plan(mode="grow")) == []
