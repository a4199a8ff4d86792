"""DeepSpeed: the exported Python, run with an engine that counts micro-batches as it does."""

import math

import pytest

from bsgrow.errors import InputError
from bsgrow.schedule.export import Optimizer, Target, export_plan
from tests.schedule.export.systems import LAMBDA, run_deepspeed

TARGET = Target(sequence_length=128, micro_batch_size=4, world_size=2)


def cosine(total, warmup=0):
    def lr(sample, size):
        if sample < warmup:
            return 0.1 * sample / warmup
        return size / 16 * 0.05 * (1 + math.cos(math.pi * sample / total))

    return lr


@pytest.mark.parametrize("warmup", [0, 320])
@pytest.mark.parametrize("counts", [(200, 60, 30), (201, 59, 31), (7, 5, 3)])
def test_runs_what_the_plan_says(make_plan, whole_updates, run_python, warmup, counts):
    """An update is whole after a change too, whatever the count of micro-batches was."""
    stretches = [*zip((16, 40, 24), counts, strict=True)]
    total = sum(size * number for size, number in stretches)
    plan = make_plan(stretches, cosine(total, warmup))
    names = run_python(export_plan(plan, "deepspeed", TARGET), **LAMBDA)
    ran, planned = list(run_deepspeed(names, 2)), whole_updates(plan)
    assert [row[:2] for row in ran] == [row[:2] for row in planned]
    rates = [lr for _, _, lr in planned]
    assert [lr for _, _, lr in ran] == pytest.approx(rates, rel=1.5e-4, abs=1.5e-7 * max(rates))
    assert names["DS_CONFIG"]["gradient_accumulation_steps"] == 2


def test_needs_a_micro_batch_that_divides(make_plan):
    with pytest.raises(InputError, match="needs the micro-batch size") as error:
        export_plan(make_plan([(16, 3), (40, 2)], 0.1), "deepspeed")
    assert error.value.hint.startswith("pass micro_batch_size=8, ")
    with pytest.raises(InputError, match="of 24 on 1 ranks: 16 ") as error:
        export_plan(make_plan([(16, 3), (40, 2)], 0.1), "deepspeed", Target(None, 24))
    assert error.value.hint == "pass micro_batch_size=8"
    with pytest.raises(InputError, match="is not a multiple of 48") as error:
        export_plan(make_plan([(16, 3), (40, 2)], 0.1), "deepspeed", Target(None, 16, 3))
    assert error.value.hint == "take fewer ranks: their number must divide 8"


def test_an_epoch_that_micro_batches_do_not_divide_is_noted(make_plan):
    plan = make_plan([(16, 100)], 0.1, num_samples=100)
    assert "micro-batches that cross the end of an epoch" in export_plan(plan, "deepspeed", TARGET)
    plan = make_plan([(16, 100)], 0.1, num_samples=200)
    assert "that cross the end" not in export_plan(plan, "deepspeed", TARGET)


@pytest.mark.parametrize(
    ("optimizer", "momentum", "given"),
    [
        (Optimizer(), 0.0, {"momentum": 0.0, "nesterov": False, "weight_decay": 0.0}),
        (
            Optimizer(nesterov=True, weight_decay=5e-4),
            0.9,
            {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4},
        ),
        (
            Optimizer("adam", betas=(0.8, 0.95), weight_decay=0.1),
            0.0,
            {"betas": (0.8, 0.95), "eps": 1e-8, "weight_decay": 0.1},
        ),
    ],
)
@pytest.mark.parametrize("name", ["deepspeed", "lightning"])
def test_the_optimizer_is_the_plans(make_plan, run_python, name, optimizer, momentum, given):
    plan = make_plan([(16, 8)], 0.1, num_samples=64, momentum=momentum)
    text = export_plan(plan, name, Target(None, 4, 2, optimizer=optimizer))
    names = run_python(text, **LAMBDA, GradientAccumulationScheduler=lambda scheduling: None)
    assert names["make_optimizer"]([]) == {"lr": 0.1, **given}
    assert f"torch.optim.{'Adam' if optimizer.name == 'adam' else 'SGD'}(" in text


def test_a_factor_of_no_rate_is_refused(make_plan):
    """LambdaLR multiplies the peak: with one of 0 the exported functions would divide by it."""
    rises = make_plan([(16, 8)], lambda sample, size: sample / 1000, num_samples=128)
    held = Target(micro_batch_size=4, world_size=2, approximate=True)
    with pytest.raises(InputError, match="is 0 at the start of every epoch; Lightning is stepped"):
        export_plan(rises, "lightning", held)
    export_plan(rises, "deepspeed", held)
    with pytest.raises(InputError, match="DeepSpeed: the learning rate is 0 at every update"):
        export_plan(make_plan([(16, 8)], 0.0), "deepspeed", held)


@pytest.mark.parametrize("name", ["megatron", "levanter", "nemo"])
def test_a_run_at_rate_zero_is_a_constant(make_plan, name):
    text = export_plan(make_plan([(16, 8)], 0.0), name, TARGET)
    assert "constant" in text or "WarmupPolicy" in text
