"""Lightning: a GradientAccumulationScheduler and a LambdaLR over epochs, in Python.

Read from Lightning-AI/pytorch-lightning at 7f0c3436cd3f (20 July 2026; 2.6.2):
``pytorch/callbacks/gradient_accumulation_scheduler.py`` and
``pytorch/loops/training_epoch_loop.py``.

The callback takes {epoch: accumulated batches}, epochs counted from 0; the trainer also steps on
the last batch of an epoch.

It cannot express: a change of batch inside an epoch; an update that crosses the end of an epoch;
a run that ends inside one; the DeepSpeed strategy. The learning rate is written by epoch, so a
rate that moves inside an epoch is held; here also a momentum that changes.
"""

import math
from collections.abc import Sequence
from itertools import groupby
from typing import TypeVar

from bsgrow.errors import InputError
from bsgrow.schedule.export.lr_table import probe_indices
from bsgrow.schedule.export.target import (
    Export,
    Format,
    Target,
    batch_changes,
    epoch_remainders,
    fixed_momentum,
    micro_batches,
    momentum_note,
)
from bsgrow.schedule.export.torch_lr import peak_lr, scheduler, table
from bsgrow.schedule.plan import Plan, Update

SYSTEM = "Lightning"
_Number = TypeVar("_Number", int, float)
_MAX_EPOCHS = 100_000
_IMPORTS = """\
from bisect import bisect_right

from lightning.pytorch.callbacks import GradientAccumulationScheduler
from torch.optim.lr_scheduler import LambdaLR
"""
_LR_AT = "    return LRS[bisect_right(LRS, epoch, key=lambda row: row[0]) - 1][1]"
_LR_SCHEDULER = scheduler(_LR_AT, "epoch", 'For configure_optimizers, interval "epoch"')
_ADVICE = (
    "take deepspeed, which follows every update",
    "plan a step curve that changes at whole epochs",
)


def export_lightning(plan: Plan, target: Target) -> Export:
    """Return the callback, the epochs and the scheduler as Python.

    Raises:
        InputError: no micro-batch size, a batch that the ranks do not divide, a changing momentum,
            or a learning rate of 0 at the start of every epoch.
    """
    micro, momentum = micro_batches(plan, SYSTEM, target), fixed_momentum(plan, SYSTEM)
    firsts = _first_updates(plan)
    lines = [
        _IMPORTS,
        f"batch_size = {micro}  # of the DataLoader on each rank",
        f"max_epochs = {len(firsts)}",
        _accumulation(plan, firsts, micro * target.world_size),
        f"PEAK_LR = {_peak_lr(firsts)!r}",
        *table("LRS", "first epoch, lr", _runs([update.lr for update in firsts])),
    ]
    deviations = _inside_epochs(plan, firsts) + _moving_lr(plan, firsts, target.lr_tolerance)
    notes = momentum_note(momentum) + _smaller_updates(plan)
    return Export("\n".join(lines) + _LR_SCHEDULER, deviations, notes, _ADVICE)


def _accumulation(plan: Plan, firsts: list[Update], unit: int) -> str:
    sizes = _runs([_planned_batch(plan, update) for update in firsts])
    factors = ", ".join(f"{epoch}: {size // unit}" for epoch, size in sizes)
    return f"accumulation = GradientAccumulationScheduler(scheduling={{{factors}}})"


def _first_updates(plan: Plan) -> list[Update]:
    """Return the update that each epoch starts with: the first that starts in it."""
    num_epochs = math.ceil(plan.num_total_samples / plan.num_samples)
    if num_epochs > _MAX_EPOCHS:
        raise InputError(f"{SYSTEM}: a table of {num_epochs} epochs is over {_MAX_EPOCHS}")
    return [_first_from(plan, epoch * plan.num_samples) for epoch in range(num_epochs)]


def _first_from(plan: Plan, sample: int) -> Update:
    update = plan.at(sample)
    is_last = update.index + 1 == plan.num_updates
    return update if update.start == sample or is_last else plan.update(update.index + 1)


def _planned_batch(plan: Plan, update: Update) -> int:
    sizes = [phase.global_batch_size for phase in plan.phases if phase.start_sample <= update.start]
    return sizes[-1]


def _peak_lr(firsts: list[Update]) -> float:
    return peak_lr(
        (update.lr for update in firsts),
        f"the learning rate is 0 at the start of every epoch; {SYSTEM} is stepped by epoch",
        hint="take deepspeed, which is stepped by update",
    )


def _runs(values: Sequence[_Number]) -> list[tuple[int, _Number]]:
    """Return (first epoch, value) of each run of equal values."""
    runs = groupby(enumerate(values), key=lambda pair: pair[1])
    return [next(run) for _, run in runs]


def _inside_epochs(plan: Plan, firsts: list[Update]) -> tuple[str, ...]:
    starts = {update.start for update in firsts}
    sentences = [
        f"{SYSTEM} changes the batch at the start of an epoch only; the plan changes it to "
        f"{phase.global_batch_size} at epoch {phase.start_sample / plan.num_samples:.6g}"
        for phase in batch_changes(plan)
        if phase.start_sample not in starts
    ]
    if plan.num_total_samples % plan.num_samples:
        epochs = plan.num_total_samples / plan.num_samples
        sentences.append(f"{SYSTEM} runs whole epochs; the plan ends at epoch {epochs:.6g}")
    return tuple(sentences)


def _moving_lr(plan: Plan, firsts: list[Update], tolerance: float) -> tuple[str, ...]:
    """Return a sentence where the rate of an epoch's whole updates is not its first's."""
    ends = [*(update.index for update in firsts[1:]), plan.num_updates - 1]
    moves = [
        max(
            _relative(plan.update(index).lr, first.lr)
            for index in probe_indices(first.index, max(first.index, end - 1))
        )
        for first, end in zip(firsts, ends, strict=True)
    ]
    worst = max(moves)
    epoch = moves.index(worst)
    if worst <= tolerance:
        return ()
    return (
        f"the learning rate moves inside an epoch, by up to {worst:.2g} of it in epoch {epoch}; "
        "here it is held",
    )


def _relative(lr: float, other: float) -> float:
    """Return the difference as a part of the higher rate; two rates of 0 are equal."""
    return abs(lr - other) / (max(lr, other) or 1.0)


def _smaller_updates(plan: Plan) -> tuple[str, ...]:
    if not (sizes := epoch_remainders(plan)):
        return ()
    return (
        f"{SYSTEM} ends each epoch with a smaller update where {sizes[0]} does not divide "
        f"{plan.num_samples}; the plan's updates cross it",
    )


FORMAT = Format(SYSTEM, "2.6.2, 7f0c3436cd3f", export_lightning)
