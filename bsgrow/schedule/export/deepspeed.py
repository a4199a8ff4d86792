"""DeepSpeed: a configuration and the functions that follow the plan, in Python.

Read from deepspeedai/DeepSpeed at edaa72212672 (22 August 2026; 0.19.6): ``runtime/engine.py``
(``set_train_batch_size``, ``is_gradient_accumulation_boundary``), ``runtime/pipe/engine.py``,
``runtime/zero/``, ``runtime/lr_schedules.py`` and ``deepspeed/__init__.py``.

DeepSpeed's configuration has no batch schedule: the training loop changes the batch, by the
number of accumulated micro-batches, and any torch scheduler sets the learning rate; it is stepped
once per update that does not overflow.

An update is due where ``micro_steps + 1`` divides by the accumulation, and changing the batch does
not reset ``micro_steps``: the exported function does, else the first update after a change would be
short. ZeRO's optimizers count from their own last step and take the boundary from the engine, and
a pipeline engine takes the boundary from its schedule, which follows the new batch: both run the
plan. ZenFlow has its own boundaries, and does not.

It cannot express: a batch that is not whole micro-batches on every rank; a last update that is
cut. Here also a momentum that changes. All of these are what ``bsgrow.integrations.deepspeed`` is
for.
"""

from bsgrow.schedule.export.draft import Draft, Export, planned_runs
from bsgrow.schedule.export.lr_table import LrPiece, lr_pieces, tabulated_lr
from bsgrow.schedule.export.optimizer import Optimizer, torch_optimizer
from bsgrow.schedule.export.target import (
    Format,
    Target,
    batch_changes,
    cut_last_update,
    epoch_remainders,
    fixed_momentum,
    micro_batches,
)
from bsgrow.schedule.export.torch_lr import peak_lr, scheduler, table
from bsgrow.schedule.plan import Plan

SYSTEM = "DeepSpeed"
_IMPORTS = """\
# Any plan, to the sample: bsgrow.integrations.deepspeed, see docs/integrations.md

from bisect import bisect_right

import torch
from torch.optim.lr_scheduler import LambdaLR
"""
_SET_BATCH_SIZE = '''


def set_batch_size(engine):
    """Call before the first micro-batch of every update; ZenFlow does not follow it."""
    at = bisect_right(BATCHES, engine.global_steps, key=lambda row: row[0]) - 1
    if engine.train_batch_size() != BATCHES[at][1]:
        engine.set_train_batch_size(BATCHES[at][1])
        engine.micro_steps = 0  # else this update would end where the old count divides'''
_LR_AT = """\
    at = bisect_right(LRS, update, key=lambda row: row[0]) - 1
    first, last, first_lr, last_lr = LRS[at]
    share = min(1.0, (update - first) / max(1, last - first))
    return first_lr + (last_lr - first_lr) * share"""
_LR_SCHEDULER = scheduler(_LR_AT, "update", "Pass to deepspeed.initialize(lr_scheduler=…)")
_OVERFLOW = (
    f"{SYSTEM} counts an update that overflows in fp16, and does not step its lr: after one the lr "
    "is an update late"
)


def draft_deepspeed(plan: Plan, target: Target) -> Draft:
    """Return what DeepSpeed would run.

    Raises:
        InputError: a changing momentum, a learning rate of 0 throughout, or one that no table
            holds.
    """
    momentum, pieces = fixed_momentum(plan, SYSTEM), lr_pieces(plan, target.lr_tolerance)
    peak = _peak_lr(pieces)
    return Draft(
        runs=planned_runs(plan),
        lr=tabulated_lr(pieces),
        write=lambda: _write(plan, target, pieces, peak, momentum),
    )


def _write(
    plan: Plan, target: Target, pieces: list[LrPiece], peak: float, momentum: float
) -> Export:
    micro = micro_batches(plan, SYSTEM, target)
    lines = [
        _IMPORTS,
        *_config(plan, micro, target.world_size, target.optimizer),
        f"NUM_UPDATES = {plan.num_updates}",
        f"PEAK_LR = {peak!r}",
        *_tables(plan, pieces),
    ]
    functions = _SET_BATCH_SIZE + torch_optimizer(target.optimizer, momentum) + _LR_SCHEDULER
    notes = _whole_micro_batches(plan, micro * target.world_size) + cut_last_update(plan, SYSTEM)
    if len({update.lr for piece in pieces for update in (piece.first, piece.last)}) > 1:
        notes = (*notes, _OVERFLOW)
    return Export("\n".join(lines) + functions, notes)


def _whole_micro_batches(plan: Plan, unit: int) -> tuple[str, ...]:
    if not epoch_remainders(plan) or plan.num_samples % unit == 0:
        return ()
    return (
        "give the engine micro-batches that cross the end of an epoch: a loader that ends each "
        f"epoch of {plan.num_samples} samples with a smaller one, or drops it, is not the plan's",
    )


def _tables(plan: Plan, pieces: list[LrPiece]) -> list[str]:
    batches = [(phase.first_index, phase.global_batch_size) for phase in batch_changes(plan)]
    lrs = [(p.first.index, p.last.index, p.first.lr, p.last.lr) for p in pieces]
    return [
        *table("BATCHES", "first update, train_batch_size", batches),
        *table("LRS", "first and last update, lr at the first and at the last", lrs),
    ]


def _config(plan: Plan, micro: int, world_size: int, optimizer: Optimizer) -> list[str]:
    size = plan.phases[0].global_batch_size
    # ZeRO refuses SGD unless told so; without ZeRO the key says nothing.
    untested = ['    "zero_allow_untested_optimizer": True,'] if optimizer.name == "sgd" else []
    return [
        "DS_CONFIG = {",
        f'    "train_batch_size": {size},',
        f'    "train_micro_batch_size_per_gpu": {micro},',
        f'    "gradient_accumulation_steps": {size // (micro * world_size)},',
        '    "gradient_clipping": 0.0,',  # else 0.19.8 clips at 1
        *untested,
        "}",
    ]


def _peak_lr(pieces: list[LrPiece]) -> float:
    return peak_lr(
        (update.lr for piece in pieces for update in (piece.first, piece.last)),
        f"{SYSTEM}: the learning rate is 0 at every update",
    )


FORMAT = Format(SYSTEM, "0.19.6, edaa72212672", draft_deepspeed)
