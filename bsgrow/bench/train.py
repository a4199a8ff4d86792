"""Training measured at every batch size: with the real loader, without one, and without us."""

import statistics
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import torch

from bsgrow.bench.measure import Measured, Pace, Round, Run, measure_in_turn
from bsgrow.bench.memory import PeakMemory
from bsgrow.bench.plain import PlainLoop
from bsgrow.bench.rows import LIMIT, make_rows
from bsgrow.bench.stream import MicroBatches, TimedLoader, bench_updates, resident, warm_up_sizes
from bsgrow.bench.stretch import Stretch
from bsgrow.bench.training_job import describe
from bsgrow.training.job import Job
from bsgrow.training.loop import updates_made
from bsgrow.training.state import State


def bench_train(
    job: Job, batch_sizes: Sequence[int], pace: Pace, on_progress: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Measure a job's training at each global batch, three ways in turn.

    ``bsgrow`` is the training loop with its loader, ``limit`` the same loop with one micro-batch
    that stays in memory, ``torch`` a plain loop with a DataLoader.

    Args:
        job: what is trained; its weights are not changed.
        batch_sizes: global batches.
        pace: how many rounds, and how long.
        on_progress: called with what is going on, in words.

    Returns:
        Rows as ``make_rows`` has them, with ``update_seconds`` (median, max and number of whole
        updates; None where not one fitted), ``peak_host_bytes``, ``peak_device_bytes`` and
        whether the step was ``compiled``, which that of ``torch`` never is.
    """
    state = State.initial(job)
    micro_batch_size = job.recipe.micro_batch_size
    sizes = {each for size in batch_sizes for each in warm_up_sizes(size, micro_batch_size)}
    if job.compiles:
        on_progress(
            f"compiling the step for micro-batches of {' and '.join(map(str, sorted(sizes)))}"
        )
    state.warm_up(job, sizes)
    return list(
        chain.from_iterable(_rows_of(job, state, size, pace, on_progress) for size in batch_sizes)
    )


def _rows_of(
    job: Job, state: State, size: int, pace: Pace, on_progress: Callable[[str], None]
) -> list[dict[str, Any]]:
    runs: dict[str, Run] = {
        LIMIT: partial(run_updates, job, state, size, partial(_resident_stream, job, size)),
        "bsgrow": partial(run_updates, job, state, size, partial(_real_stream, job, size)),
        "torch": PlainLoop(job, size).run,
    }
    peaks = {name: PeakMemory() for name in runs}
    watched = {name: _watched(run, peaks[name], job.device) for name, run in runs.items()}

    def on_round(name: str, index: int) -> None:
        on_progress(f"batch {size}: round {index + 1}, {name}")

    measured = measure_in_turn(watched, pace, on_round)
    rows = make_rows(describe(job), size, measured)
    completed = (_completed(row, measured[row["system"]], peaks[row["system"]]) for row in rows)
    return [row | {"compiled": job.compiles and row["system"] != "torch"} for row in completed]


def _real_stream(job: Job, size: int) -> MicroBatches:
    return job.loader.micro_batches(_updates(job, size))


def _resident_stream(job: Job, size: int) -> MicroBatches:
    return resident(_real_stream(job, size), _updates(job, size), job.recipe.micro_batch_size)


def _updates(job: Job, size: int) -> Generator[Any, None, None]:
    yield from bench_updates(size, job.recipe.micro_batch_size, job.recipe.optimizer.momentum)


def run_updates(
    job: Job, state: State, size: int, stream: Callable[[], MicroBatches], seconds: float
) -> Round:
    """Run the training loop itself on a stream for a stretch."""
    stretch = Stretch(job.device, seconds)
    num_warm_up = len(warm_up_sizes(size, job.recipe.micro_batch_size))
    loader: Any = TimedLoader(stream, num_warm_up, stretch)  # has what the loop asks of a loader
    timed = replace(job, loader=loader)
    state.num_updates = 0
    state.model.train()
    with closing(updates_made(timed, state)) as updates:
        for _ in updates:
            stretch.close_update()
    state.optimizer.zero_grad()  # of an update that was cut
    return stretch.round()


def _watched(run: Run, peak: PeakMemory, device: torch.device) -> Run:
    def watched(seconds: float) -> Round:
        peak.start(device)
        try:
            return run(seconds)
        finally:
            peak.stop(device)

    return watched


def _completed(row: dict[str, Any], measured: Measured, peak: PeakMemory) -> dict[str, Any]:
    updates = [seconds for each in measured.counted.values() for seconds in each.update_seconds]
    return row | {
        "update_seconds": _spread(updates) if updates else None,
        "peak_host_bytes": peak.host_bytes,
        "peak_device_bytes": peak.device_bytes,
    }


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(seconds), "max": max(seconds), "n": len(seconds)}
