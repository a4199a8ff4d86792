"""OLMo-core: a BatchSizeSchedulerCallback, a ComposableScheduler and an optimizer, in Python.

Read from allenai/OLMo-core 3.0.0: ``train/callbacks/batch_size_scheduler.py``,
``optim/scheduler.py``, ``optim/config.py``, ``train/trainer.py`` and ``data/data_loader.py``.

A change of batch falls due before an update is loaded, on the tokens seen so far; a growth waits
until the batches of the epoch so far are whole ones of the new size, and the loader drops the end
of an epoch that makes no whole batch, so that each epoch counts its batches from 0. The learning
rate is set after loading, on the tokens seen with it: the stages of the learning rate end one token
past the last update that they hold for. The callback multiplies the base learning rate by the root
of the batch ratio, for Adam, and refuses other optimizers; stages with absolute rates are not
touched by that, so for SGD the export overrides that method by one that changes the batch alone.

It cannot express: batches that are not multiples or divisors of their neighbours; a change at
once where the samples of the epoch so far are not whole batches of the new size; a momentum that
changes; a last update that is cut; epochs whose end an update crosses.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, pairwise, takewhile

from bsgrow.errors import InputError
from bsgrow.schedule.export.draft import Draft, Export, Run, runs_of
from bsgrow.schedule.export.lr_table import LrPiece, lr_pieces
from bsgrow.schedule.export.optimizer import Optimizer
from bsgrow.schedule.export.target import (
    BatchSchedule,
    Format,
    Target,
    batch_changes,
    batch_schedule,
    cut_last_update,
    epoch_remainders,
    fixed_momentum,
    require_divisible,
    sequence_length,
)
from bsgrow.schedule.plan import Phase, Plan

SYSTEM = "OLMo-core"
_IMPORTS = """\
from dataclasses import dataclass

import torch
from olmo_core.optim import OptimConfig, SchedulerUnits
from olmo_core.optim.scheduler import ComposableScheduler, ComposableSchedulerStage
from olmo_core.train import Duration
from olmo_core.train.callbacks import BatchSizeSchedulerCallback
"""
_ANY_OPTIMIZER = """

class BatchSizeScheduler(BatchSizeSchedulerCallback):
    def _update_batch_size_and_lr(self, batch_size):  # the stages below hold absolute rates
        self.trainer.data_loader.global_batch_size = batch_size

"""
_Stage = tuple[int, float, float]  # duration in tokens, lr where it starts, lr where it ends


def draft_olmo_core(plan: Plan, target: Target) -> Draft:
    """Return what OLMo-core would run.

    Raises:
        InputError: a changing momentum, batches that are not integer multiples of each other, or
            a learning rate that no table holds.
    """
    momentum, changes = fixed_momentum(plan, SYSTEM), batch_changes(plan)
    _require_integer_factors(changes)
    schedule, tokens = batch_schedule(plan), target.sequence_length or 1
    runs = runs_of(list(_sizes(schedule, plan.num_samples, plan.num_total_samples)))
    stages = list(_stages(lr_pieces(plan, target.lr_tolerance), tokens))
    return Draft(
        runs=runs,
        lr=_lr_of(stages, tokens),
        write=lambda: _write(plan, target, stages, momentum),
        reasons=tuple(_late_changes(schedule, runs)),
    )


def _sizes(schedule: BatchSchedule, num_samples: int, total: int) -> Iterator[tuple[int, int]]:
    """Yield (size, number of updates) as the callback and the loader's epochs make them."""
    starts = [start for start, _ in schedule]
    size, seen, processed = schedule[0][1], 0, 0  # processed: batches of this epoch
    while seen < total:
        per_epoch = max(1, num_samples // size)
        processed %= per_epoch
        at = bisect_right(starts, seen)
        due, ends = schedule[at - 1][1], [*starts[at : at + 1], total]
        num_updates = min(-((seen - end) // size) for end in ends)
        if due < size:
            processed, size = processed * (size // due), due
            continue
        if due > size:
            waits = -processed % (due // size)
            if waits == 0:
                processed, size = processed // (due // size), due
                continue
            num_updates = min(num_updates, waits, per_epoch - processed)
        yield size, num_updates
        seen, processed = seen + num_updates * size, processed + num_updates


def _late_changes(schedule: BatchSchedule, runs: Sequence[Run]) -> Iterator[str]:
    """Yield a sentence for each growth that waits for whole batches of the new size."""
    for (_, before), (start, size) in pairwise(schedule):
        late = _num_waiting(_from(runs, start), size)
        if size > before and late:
            yield (
                f"{SYSTEM} grows to {size} not at sample {start} but {late} updates later, where "
                "its epoch so far is whole batches of it; until then the noise scale is "
                f"{size // before} times the plan's"
            )


def _num_waiting(runs: Iterable[Run], size: int) -> int:
    """Return how many updates come before the first of that size."""
    return sum(run.num_updates for run in takewhile(lambda run: run.size != size, runs))


def _from(runs: Sequence[Run], sample: int) -> Iterator[Run]:
    """Yield the updates that start at a sample or after it."""
    for run in runs:
        before = min(run.num_updates, max(0, -((run.start - sample) // run.size)))
        if before < run.num_updates:
            start = run.start + before * run.size
            yield Run(run.index + before, start, run.size, run.num_updates - before)


def _lr_of(stages: Sequence[_Stage], tokens: int) -> Callable[[int, int, int], float]:
    ends = list(accumulate(duration for duration, _, _ in stages))

    def lr(index: int, start: int, size: int) -> float:
        at = bisect_right(ends, (start + size) * tokens)
        if at == len(stages):
            return stages[-1][2]
        duration, first, last = stages[at]
        share = ((start + size) * tokens - ends[at] + duration) / duration
        return first + (last - first) * share

    return lr


def _write(plan: Plan, target: Target, stages: Sequence[_Stage], momentum: float) -> Export:
    tokens, changes = sequence_length(SYSTEM, target), batch_changes(plan)
    require_divisible(plan, SYSTEM, target)
    text = "\n".join(
        [
            _IMPORTS,
            f"global_batch_size = {changes[0].global_batch_size * tokens}  # tokens, of the loader",
            f"max_duration = Duration.tokens({plan.num_total_samples * tokens})",
            *_optimizer(target.optimizer, momentum, max(first for _, first, _ in stages)),
            *_callback(changes, tokens, target.optimizer),
            *_scheduler(stages),
        ]
    )
    return Export(text, _notes(plan))


def _optimizer(optimizer: Optimizer, momentum: float, lr: float) -> list[str]:
    fields = {"lr": lr, **optimizer.arguments(momentum)}
    return [
        "",
        "",
        "@dataclass",
        "class PlanOptimizerConfig(OptimConfig):",
        *(f"    {key}: {type(value).__name__} = {value!r}" for key, value in fields.items()),
        "",
        "    @classmethod",
        "    def optimizer(cls):",
        f"        return torch.optim.{optimizer.torch_name}",
        "",
        "",
        "optimizer = PlanOptimizerConfig()",
    ]


def _callback(changes: list[Phase], tokens: int, optimizer: Optimizer) -> list[str]:
    sizes = [f"        {phase.global_batch_size * tokens}," for phase in changes]
    starts = [f"        Duration.tokens({phase.start_sample * tokens})," for phase in changes]
    is_own = optimizer.name == "sgd" and len(changes) > 1
    return [
        *([*_ANY_OPTIMIZER.splitlines(), ""] if is_own else []),
        f"batch_size_scheduler = BatchSizeScheduler{'' if is_own else 'Callback'}(",
        *["    batch_sizes=[", *sizes, "    ],"],
        *["    schedule=[", *starts, "    ],"],
        ")",
    ]


def _scheduler(stages: Sequence[_Stage]) -> list[str]:
    return [
        "scheduler = ComposableScheduler(",
        "    units=SchedulerUnits.tokens,",
        "    stages=[",
        *(
            f"        ComposableSchedulerStage(duration={duration}, start_lr={first!r}, "
            f"end_lr={last!r}),"
            for duration, first, last in stages
        ),
        "    ],",
        ")",
    ]


def _stages(pieces: Sequence[LrPiece], tokens: int) -> Iterator[_Stage]:
    end = 0  # the first token that no stage covers yet
    for piece in pieces:
        if not piece.is_flat:
            # The line starts where the first update's rate is read; nothing is read before it.
            first = piece.first.stop * tokens
            yield first - end, piece.first.lr, piece.first.lr
            end = first
        stop = piece.last.stop * tokens + 1
        yield stop - end, piece.first.lr, _one_token_on(piece, tokens)
        end = stop


def _one_token_on(piece: LrPiece, tokens: int) -> float:
    if piece.is_flat:
        return piece.first.lr
    rise = (piece.last.lr - piece.first.lr) / ((piece.last.stop - piece.first.stop) * tokens)
    return max(0.0, piece.last.lr + rise)


def _require_integer_factors(changes: list[Phase]) -> None:
    for before, after in pairwise(changes):
        sizes = sorted((before.global_batch_size, after.global_batch_size))
        if sizes[1] % sizes[0]:
            raise InputError(
                f"{SYSTEM} changes a batch by integer factors only: {before.global_batch_size} to "
                f"{after.global_batch_size} at sample {after.start_sample} is none"
            )


def _notes(plan: Plan) -> tuple[str, ...]:
    notes = cut_last_update(plan, SYSTEM)
    if sizes := epoch_remainders(plan):
        notes += (
            f"{SYSTEM} drops the end of each epoch that {sizes[0]} does not divide; "
            "the plan's updates cross it",
        )
    return notes


FORMAT = Format(SYSTEM, "3.0.0", draft_olmo_core)
