"""OLMo-core: a BatchSizeSchedulerCallback and a ComposableScheduler, in Python.

Read from allenai/OLMo-core at fa6c5014c9f6 (22 June 2026; after 2.5.0, which has no
ComposableScheduler yet): ``train/callbacks/batch_size_scheduler.py``, ``optim/scheduler.py``,
``train/trainer.py`` and ``data/data_loader.py``.

A change of batch falls due before an update is loaded, on the tokens seen so far; the learning
rate is set after loading, on the tokens seen with it. So the stages of the learning rate end one
token past the last update that they hold for. The callback multiplies the base learning rate by
the root of the batch ratio; stages with absolute rates are not touched by that.

It cannot express: batches that are not multiples or divisors of their neighbours; a change at
once where the samples so far are not whole batches of the new size (it waits); a growing batch
with anything but an Adam; a momentum; a last update that is cut; epochs whose end an update
crosses (it drops the remainder).
"""

from itertools import pairwise

from bsgrow.errors import InputError
from bsgrow.schedule.export.lr_table import LrPiece, lr_pieces
from bsgrow.schedule.export.target import (
    Export,
    Format,
    Target,
    batch_changes,
    cut_last_update,
    epoch_remainders,
    refuse_sgd_momentum,
    require_divisible,
    sequence_length,
)
from bsgrow.schedule.plan import Phase, Plan

SYSTEM = "OLMo-core"
_IMPORTS = """\
from olmo_core.optim import SchedulerUnits
from olmo_core.optim.scheduler import ComposableScheduler, ComposableSchedulerStage
from olmo_core.train import Duration
from olmo_core.train.callbacks import BatchSizeSchedulerCallback
"""
_ADVICE = ("take deepspeed, which changes the batch at once",)


def export_olmo_core(plan: Plan, target: Target) -> Export:
    """Return the callback, the scheduler and the duration as Python.

    Raises:
        InputError: no sequence length, a batch that the ranks do not divide, batches that are not
            integer multiples of each other, or a momentum above 0.
    """
    require_divisible(plan, SYSTEM, target)
    refuse_sgd_momentum(plan, SYSTEM, "its batch scheduler takes Adam only")
    tokens = sequence_length(SYSTEM, target)
    changes = batch_changes(plan)
    _require_integer_factors(changes)
    text = "\n".join(
        [
            _IMPORTS,
            f"global_batch_size = {changes[0].global_batch_size * tokens}  # tokens, of the loader",
            f"max_duration = Duration.tokens({plan.num_total_samples * tokens})",
            *_callback(changes, tokens),
            *_scheduler(lr_pieces(plan, target.lr_tolerance), tokens),
        ]
    )
    return Export(text, _late_changes(plan, changes), _notes(plan), _ADVICE)


def _callback(changes: list[Phase], tokens: int) -> list[str]:
    sizes = [f"        {phase.global_batch_size * tokens}," for phase in changes]
    starts = [f"        Duration.tokens({phase.start_sample * tokens})," for phase in changes]
    return [
        "batch_size_scheduler = BatchSizeSchedulerCallback(",
        *["    batch_sizes=[", *sizes, "    ],"],
        *["    schedule=[", *starts, "    ],"],
        ")",
    ]


def _scheduler(pieces: list[LrPiece], tokens: int) -> list[str]:
    stages = []
    end = 0  # the first token that no stage covers yet
    for piece in pieces:
        if not piece.is_flat:
            # The line starts where the first update's rate is read; nothing is read before it.
            first = piece.first.stop * tokens
            stages.append(_stage(first - end, piece.first.lr, piece.first.lr))
            end = first
        stop = piece.last.stop * tokens + 1
        stages.append(_stage(stop - end, piece.first.lr, _one_token_on(piece, tokens)))
        end = stop
    return [
        "scheduler = ComposableScheduler(",
        "    units=SchedulerUnits.tokens,",
        *["    stages=[", *stages, "    ],"],
        ")",
    ]


def _one_token_on(piece: LrPiece, tokens: int) -> float:
    if piece.is_flat:
        return piece.first.lr
    rise = (piece.last.lr - piece.first.lr) / ((piece.last.stop - piece.first.stop) * tokens)
    return max(0.0, piece.last.lr + rise)


def _stage(duration: int, start_lr: float, end_lr: float) -> str:
    arguments = f"duration={duration}, start_lr={start_lr!r}, end_lr={end_lr!r}"
    return f"        ComposableSchedulerStage({arguments}),"


def _require_integer_factors(changes: list[Phase]) -> None:
    for before, after in pairwise(changes):
        sizes = sorted((before.global_batch_size, after.global_batch_size))
        if sizes[1] % sizes[0]:
            raise InputError(
                f"{SYSTEM} changes a batch by integer factors only: {before.global_batch_size} to "
                f"{after.global_batch_size} at sample {after.start_sample} is none",
                hint="plan with growth.factor = 2 and a max_batch_size that is a power of two "
                "times the first batch",
            )


def _late_changes(plan: Plan, changes: list[Phase]) -> tuple[str, ...]:
    """Return a sentence for each growth that waits for whole batches of the new size."""
    sentences = []
    for before, after in pairwise(changes):
        in_epoch = after.start_sample % plan.num_samples
        left = -in_epoch % after.global_batch_size
        if after.global_batch_size > before.global_batch_size and left:
            sentences.append(
                f"{SYSTEM} grows to {after.global_batch_size} not at sample {after.start_sample} "
                f"but {-(-left // before.global_batch_size)} updates later, at a multiple of it; "
                "until then the noise scale is "
                f"{after.global_batch_size // before.global_batch_size} times the plan's"
            )
    return tuple(sentences)


def _notes(plan: Plan) -> tuple[str, ...]:
    notes = cut_last_update(plan, SYSTEM)
    if sizes := epoch_remainders(plan):
        notes += (
            f"{SYSTEM} drops the end of each epoch that {sizes[0]} does not divide; "
            "the plan's updates cross it",
        )
    return notes


FORMAT = Format(SYSTEM, "after 2.5.0, fa6c5014c9f6", export_olmo_core)
