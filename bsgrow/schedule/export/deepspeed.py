"""DeepSpeed: a configuration and the two functions that follow the plan, in Python.

Read from deepspeedai/DeepSpeed at edaa72212672 (22 August 2026; 0.19.6): ``runtime/engine.py``
(``set_train_batch_size``), ``runtime/lr_schedules.py`` and ``deepspeed/__init__.py``.

DeepSpeed's configuration has no batch schedule: the training loop changes the batch, by the
number of accumulated micro-batches, and any torch scheduler sets the learning rate; it is stepped
once per update that does not overflow.

It cannot express: a batch that is not whole micro-batches on every rank; a last update that is
cut. Here also a momentum that changes.
"""

from bsgrow.schedule.export.lr_table import LrPiece, lr_pieces
from bsgrow.schedule.export.target import (
    Export,
    Format,
    Target,
    batch_changes,
    cut_last_update,
    fixed_momentum,
    micro_batches,
    momentum_note,
)
from bsgrow.schedule.export.torch_lr import peak_lr, scheduler, table
from bsgrow.schedule.plan import Plan

SYSTEM = "DeepSpeed"
_IMPORTS = """\
from bisect import bisect_right

from torch.optim.lr_scheduler import LambdaLR
"""
_SET_BATCH_SIZE = '''


def set_batch_size(engine):
    """Call before the first micro-batch of every update."""
    at = bisect_right(BATCHES, engine.global_steps, key=lambda row: row[0]) - 1
    if engine.train_batch_size() != BATCHES[at][1]:
        engine.set_train_batch_size(BATCHES[at][1])'''
_LR_AT = """\
    at = bisect_right(LRS, update, key=lambda row: row[0]) - 1
    first, last, first_lr, last_lr = LRS[at]
    share = min(1.0, (update - first) / max(1, last - first))
    return first_lr + (last_lr - first_lr) * share"""
_LR_SCHEDULER = scheduler(_LR_AT, "update", "Pass to deepspeed.initialize(lr_scheduler=…)")


def export_deepspeed(plan: Plan, target: Target) -> Export:
    """Return the configuration, the tables and the functions that read them, as Python.

    Raises:
        InputError: no micro-batch size, a batch that the ranks do not divide, a changing momentum,
            or a learning rate of 0 throughout.
    """
    micro, momentum = micro_batches(plan, SYSTEM, target), fixed_momentum(plan, SYSTEM)
    lines = [
        _IMPORTS,
        *_config(plan, micro, target.world_size),
        f"NUM_UPDATES = {plan.num_updates}",
        *_tables(plan, lr_pieces(plan, target.lr_tolerance)),
    ]
    notes = momentum_note(momentum) + cut_last_update(plan, SYSTEM)
    return Export("\n".join(lines) + _SET_BATCH_SIZE + _LR_SCHEDULER, (), notes)


def _tables(plan: Plan, pieces: list[LrPiece]) -> list[str]:
    batches = [(phase.first_index, phase.global_batch_size) for phase in batch_changes(plan)]
    lrs = [(p.first.index, p.last.index, p.first.lr, p.last.lr) for p in pieces]
    return [
        f"PEAK_LR = {_peak_lr(pieces)!r}",
        *table("BATCHES", "first update, train_batch_size", batches),
        *table("LRS", "first and last update, lr at the first and at the last", lrs),
    ]


def _config(plan: Plan, micro: int, world_size: int) -> list[str]:
    size = plan.phases[0].global_batch_size
    return [
        "DS_CONFIG = {",
        f'    "train_batch_size": {size},',
        f'    "train_micro_batch_size_per_gpu": {micro},',
        f'    "gradient_accumulation_steps": {size // (micro * world_size)},',
        "}",
    ]


def _peak_lr(pieces: list[LrPiece]) -> float:
    return peak_lr(
        (update.lr for piece in pieces for update in (piece.first, piece.last)),
        f"{SYSTEM}: the learning rate is 0 at every update",
        hint="set schedule.lr, or the learning rates of the curve",
    )


FORMAT = Format(SYSTEM, "0.19.6, edaa72212672", export_deepspeed)
