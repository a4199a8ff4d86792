"""The three ways of training that are measured: the loop with its loader, without one, without us.

``bsgrow`` is the training loop with its loader, ``limit`` the same loop with one micro-batch that
stays in memory, ``torch`` a plain loop with a DataLoader.
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import closing, suppress
from dataclasses import replace
from functools import cache, partial
from typing import Any

from bsgrow.bench.measure import Round, Run
from bsgrow.bench.plain import PlainLoop
from bsgrow.bench.rows import LIMIT, OURS
from bsgrow.bench.stretch import Stretch
from bsgrow.bench.timed_loader import (
    StretchOverError,
    TimedLoader,
    TimedUpdates,
    bench_updates,
    resident,
    warm_up_sizes,
)
from bsgrow.loading import micro_batches_of
from bsgrow.training.compiled import sizes_to_compile
from bsgrow.training.job import Job
from bsgrow.training.state import State
from bsgrow.training.updates import updates_made

PLAIN = "torch"
SYSTEMS = (LIMIT, OURS, PLAIN)


def looped_run(system: str, job: Job, state: State, global_batch_size: int) -> Run:
    """Return what trains in the training loop for a stretch, with its loader or without one.

    Args:
        system: ``bsgrow`` or ``limit``.
        job: what is trained.
        state: of the job, warmed up; its weights are not changed.
        global_batch_size: samples per update.
    """
    updates = {LIMIT: _resident_updates, OURS: _real_updates}[system]
    return partial(run_updates, job, state, global_batch_size, partial(updates, job))


def plain_run(job: Job, global_batch_size: int) -> Run:
    """Return what trains in the plain loop for a stretch; it is made when it first runs."""
    made = cache(partial(PlainLoop, job, global_batch_size))
    return lambda seconds: made().run(seconds)


def sizes_compiled(batch_sizes: Iterable[int], micro_batch_size: int) -> set[int]:
    """Return the sizes of micro-batch that training at one of these global batches compiles."""
    chosen: set[int] = set()
    for size in batch_sizes:
        num_full, rest = divmod(size, micro_batch_size)
        counts = {micro_batch_size: num_full, rest: 1}
        chosen.update(sizes_to_compile({each: num for each, num in counts.items() if each and num}))
    return chosen


def run_updates(
    job: Job, state: State, size: int, begin: Callable[[int], TimedUpdates], seconds: float
) -> Round:
    """Run the training loop itself on updates for a stretch.

    Args:
        job: what is trained.
        state: of the job; its weights are not changed.
        size: samples per update.
        begin: begins updates of a size anew.
        seconds: how long it lasts at least.
    """
    stretch = Stretch(job.device, seconds)
    num_warm_up = len(warm_up_sizes(size, job.recipe.micro_batch_size))
    # Has what the loop asks of a loader.
    loader: Any = TimedLoader(partial(begin, size), num_warm_up, stretch)
    timed = replace(job, loader=loader)
    state.num_updates = 0
    state.model.train()
    with suppress(StretchOverError), closing(updates_made(timed, state)) as updates:
        for _ in updates:
            stretch.close_update()
    state.optimizer.zero_grad()  # of an update that was cut
    return stretch.round()


def _real_updates(job: Job, size: int) -> TimedUpdates:
    return job.loader.updates(_updates(job, size))


def _resident_updates(job: Job, size: int) -> TimedUpdates:
    micro_batch_size = job.recipe.micro_batch_size
    num_sizes = len(warm_up_sizes(size, micro_batch_size))
    real = micro_batches_of(job.loader, _updates(job, size))
    return resident(real, _updates(job, size), micro_batch_size, num_sizes)


def _updates(job: Job, size: int) -> Generator[Any, None, None]:
    yield from bench_updates(size, job.recipe.micro_batch_size, job.recipe.optimizer.momentum)
