"""Lightning: a GradientAccumulationScheduler, a LambdaLR over epochs and an optimizer, in Python.

Read from Lightning-AI/pytorch-lightning at 7f0c3436cd3f (20 July 2026; 2.6.2):
``pytorch/callbacks/gradient_accumulation_scheduler.py``,
``pytorch/loops/training_epoch_loop.py`` and ``pytorch/loops/optimization/automatic.py``.

The callback takes {epoch: accumulated batches}, epochs counted from 0; the trainer also steps on
the last batch of an epoch, and divides by the accumulation all the same: a smaller update there is
the sum of its micro-batches over the number of a whole one.

It cannot express: a change of batch inside an epoch; an update that crosses the end of an epoch;
a run that ends inside one; the DeepSpeed strategy. The learning rate is written by epoch, so a
rate that moves inside an epoch is held; here also a momentum that changes. All of these are what
``bsgrow.integrations.lightning`` is for.
"""

import math
from collections.abc import Sequence
from itertools import groupby
from typing import TypeVar

from bsgrow.errors import InputError
from bsgrow.schedule.export.draft import Draft, Export, Run, runs_of, whole_update
from bsgrow.schedule.export.optimizer import torch_optimizer
from bsgrow.schedule.export.target import (
    Format,
    Target,
    batch_changes,
    fixed_momentum,
    micro_batches,
)
from bsgrow.schedule.export.torch_lr import peak_lr, scheduler, table
from bsgrow.schedule.plan import Plan, Update

SYSTEM = "Lightning"
_Number = TypeVar("_Number", int, float)
_MAX_EPOCHS = 100_000
_IMPORTS = """\
# Any plan, to the sample: bsgrow.integrations.lightning, see docs/integrations.md

from bisect import bisect_right

import torch
from lightning.pytorch.callbacks import GradientAccumulationScheduler
from torch.optim.lr_scheduler import LambdaLR
"""
_LR_AT = "    return LRS[bisect_right(LRS, epoch, key=lambda row: row[0]) - 1][1]"
_LR_SCHEDULER = scheduler(_LR_AT, "epoch", 'For configure_optimizers, interval "epoch"')


def draft_lightning(plan: Plan, target: Target) -> Draft:
    """Return what Lightning would run.

    Raises:
        InputError: a changing momentum, too many epochs for a table, or a learning rate of 0 at
            the start of every epoch.
    """
    momentum, firsts = fixed_momentum(plan, SYSTEM), _first_updates(plan)
    peak, num_samples = _peak_lr(firsts), plan.num_samples
    return Draft(
        runs=_runs(plan, firsts),
        lr=lambda index, start, size: firsts[start // num_samples].lr,
        write=lambda: _write(plan, target, firsts, peak, momentum),
        reasons=_inside_epochs(plan, firsts),
        lr_reasons=(f"{SYSTEM} holds the learning rate for an epoch here",),
    )


def _runs(plan: Plan, firsts: Sequence[Update]) -> list[Run]:
    """Return the updates: each epoch ends with what its batch leaves over."""
    sizes: list[tuple[int, int]] = []
    for size, group in groupby(update.global_batch_size for update in firsts):
        num_epochs = len(list(group))
        num_whole, rest = divmod(plan.num_samples, size)
        if rest:
            sizes += [(size, num_whole), (rest, 1)] * num_epochs
        else:
            sizes.append((size, num_whole * num_epochs))
    return runs_of(sizes)


def _write(
    plan: Plan, target: Target, firsts: Sequence[Update], peak: float, momentum: float
) -> Export:
    micro = micro_batches(plan, SYSTEM, target)
    lines = [
        _IMPORTS,
        f"batch_size = {micro}  # of the DataLoader on each rank",
        f"max_epochs = {len(firsts)}",
        _accumulation(firsts, micro * target.world_size),
        f"PEAK_LR = {peak!r}",
        *table("LRS", "first epoch, lr", _by_epoch([update.lr for update in firsts])),
    ]
    functions = torch_optimizer(target.optimizer, momentum) + _LR_SCHEDULER
    return Export("\n".join(lines) + functions)


def _accumulation(firsts: Sequence[Update], unit: int) -> str:
    sizes = _by_epoch([update.global_batch_size for update in firsts])
    factors = ", ".join(f"{epoch}: {size // unit}" for epoch, size in sizes)
    return f"accumulation = GradientAccumulationScheduler(scheduling={{{factors}}})"


def _first_updates(plan: Plan) -> list[Update]:
    """Return the update that each epoch starts with, whole: the first that starts in it."""
    num_epochs = math.ceil(plan.num_total_samples / plan.num_samples)
    if num_epochs > _MAX_EPOCHS:
        raise InputError(f"{SYSTEM}: a table of {num_epochs} epochs is over {_MAX_EPOCHS}")
    return [_first_from(plan, epoch * plan.num_samples) for epoch in range(num_epochs)]


def _first_from(plan: Plan, sample: int) -> Update:
    update = plan.at(sample)
    later = update.start < sample and update.index + 1 < plan.num_updates
    return whole_update(plan, update.index + later)


def _peak_lr(firsts: Sequence[Update]) -> float:
    return peak_lr(
        (update.lr for update in firsts),
        f"the learning rate is 0 at the start of every epoch; {SYSTEM} is stepped by epoch",
    )


def _by_epoch(values: Sequence[_Number]) -> list[tuple[int, _Number]]:
    """Return (first epoch, value) of each run of equal values."""
    runs = groupby(enumerate(values), key=lambda pair: pair[1])
    return [next(run) for _, run in runs]


def _inside_epochs(plan: Plan, firsts: Sequence[Update]) -> tuple[str, ...]:
    starts = {update.start for update in firsts}
    sentences = []
    if inside := [phase for phase in batch_changes(plan) if phase.start_sample not in starts]:
        more = f", and {len(inside) - 1} times more inside one" if inside[1:] else ""
        sentences.append(
            f"{SYSTEM} changes the batch at the start of an epoch only; the plan changes it to "
            f"{inside[0].global_batch_size} at epoch "
            f"{inside[0].start_sample / plan.num_samples:.6g}{more}"
        )
    if left_over := [u.global_batch_size for u in firsts if plan.num_samples % u.global_batch_size]:
        sentences.append(
            f"{SYSTEM} ends an epoch with a smaller update, where {left_over[0]} does not divide "
            f"{plan.num_samples}, at the lr of a whole one and over as many micro-batches; the "
            "plan's updates cross it"
        )
    if plan.num_total_samples % plan.num_samples:
        epochs = plan.num_total_samples / plan.num_samples
        sentences.append(f"{SYSTEM} runs whole epochs; the plan ends at epoch {epochs:.6g}")
    return tuple(sentences)


FORMAT = Format(SYSTEM, "2.6.2, 7f0c3436cd3f", draft_lightning)
