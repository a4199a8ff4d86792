"""A plan from a learning-rate scheduler of PyTorch, as a training loop has it already."""

from dataclasses import replace
from math import ceil
from typing import Any, Literal

from torch.optim.lr_scheduler import LRScheduler

from bsgrow.errors import InputError
from bsgrow.schedule import Growth, Plan, Reference, compile_plan
from bsgrow.schedule.reference_lr import require_num_samples
from bsgrow.training.lr_scheduler_curve import curve_of, read_steps
from bsgrow.validation.annotated import checked

_MOST_STEPS = 1_000_000  # a curve of more points is refused too


@checked
def plan_from_lr_scheduler(
    scheduler: LRScheduler,
    *,
    num_samples: int,
    epochs: float,
    global_batch_size: int,
    growth: Growth | None = None,
    steps_by: Literal["epochs", "updates"] = "epochs",
    param_group: int = 0,
) -> Plan:
    """Compile the schedule that a scheduler follows from where it stands, with a growing batch.

    Neither the scheduler nor its optimizer is changed. The learning rate and the momentum that a
    group began with are those of the plan.

    Args:
        scheduler: any whose learning rate is a function of its steps.
        num_samples: N, of the training set.
        epochs: length of the run.
        global_batch_size: samples per update, over all processes and accumulation steps, as the
            loop has it today.
        growth: how the decay is spent in batch size; absent, by the paper's linear rule.
        steps_by: what the loop steps the scheduler by.
        param_group: the parameter group whose learning rate counts.

    Raises:
        InputError: a value is out of range, or the scheduler moves by more than its step, or moves
            the momentum too, or raises an error within the run.
    """
    require_num_samples(num_samples)
    constant = Reference(epochs, 1.0, global_batch_size)  # refuses what is wrong
    by_epoch = steps_by == "epochs"
    num_steps = ceil(epochs) if by_epoch else ceil(epochs * num_samples / global_batch_size)
    _require_few(num_steps, epochs)
    group = _group_of(scheduler, param_group)
    lrs = _read_lrs(scheduler, num_steps, param_group)
    reference = replace(
        constant,
        lr=float(group["initial_lr"]),
        momentum=group.get("initial_momentum", group.get("momentum", 0.0)),
        curve=curve_of(lrs),
        unit=steps_by,
        hold="epoch" if by_epoch else None,
    )
    return compile_plan(reference, Growth() if growth is None else growth, num_samples)


def _require_few(num_steps: int, epochs: float) -> None:
    if num_steps > _MOST_STEPS:
        raise InputError(
            f"epochs = {epochs:g}: at most {_MOST_STEPS} steps of a scheduler are read, and the "
            f"run has {num_steps}"
        )


def _read_lrs(scheduler: LRScheduler, num_steps: int, param_group: int) -> list[float]:
    """Return the learning rate of each step, over which the momentum must not move."""
    steps = read_steps(scheduler, num_steps, param_group)
    if len({momentum for _, momentum in steps}) > 1:
        raise InputError(
            f"{type(scheduler).__name__}: moves the momentum with the learning rate, and the noise "
            "scale with it; a plan has a momentum of its own",
            hint="make it with cycle_momentum=False",
        )
    return [lr for lr, _ in steps]


def _group_of(scheduler: LRScheduler, number: int) -> dict[str, Any]:
    groups = scheduler.optimizer.param_groups
    if not 0 <= number < len(groups):
        raise InputError(f"param_group = {number}: must be from 0 to {len(groups) - 1}")
    return groups[number]
