"""Training measured at every batch size: with the real loader, without one, and without us."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from bsgrow.bench.measure import Measured, Pace, Run, measure_in_turn
from bsgrow.bench.memory import PeakMemory
from bsgrow.bench.rows import LIMIT, OURS, make_rows
from bsgrow.bench.training_job import describe
from bsgrow.bench.training_memory import Peaks, measure_peaks
from bsgrow.bench.training_runs import PLAIN, SYSTEMS, looped_run, plain_run, sizes_compiled
from bsgrow.recipe import Recipe
from bsgrow.training.job import Job
from bsgrow.training.state import State

MeasurePeaks = Callable[[str, Recipe, Sequence[int], float], Peaks]


def bench_train(
    job: Job,
    batch_sizes: Sequence[int],
    pace: Pace,
    on_progress: Callable[[str], None],
    peaks_of: MeasurePeaks = measure_peaks,
) -> list[dict[str, Any]]:
    """Measure a job's training at each global batch, three ways in turn.

    ``bsgrow`` is the training loop with its loader, ``limit`` the same loop with one micro-batch
    that stays in memory, ``torch`` a plain loop with a DataLoader. Memory is measured first, each
    way in a process that does nothing else; see ``PeakMemory`` for what counts.

    Args:
        job: what is trained; its weights are not changed.
        batch_sizes: global batches.
        pace: how many rounds, and how long.
        on_progress: called with what is going on, in words.
        peaks_of: measures the memory.

    Returns:
        Rows as ``make_rows`` has them, with ``update_seconds``, ``peak_host_bytes``,
        ``peak_device_bytes`` (None where not known) and whether the step was ``compiled``, which
        that of ``torch`` never is. ``update_seconds`` has median, max and number ``n`` of whole
        updates; where not one fitted, n is 0 and the median is ``estimated`` from the rate.
    """
    peaks = {}
    for name in SYSTEMS:
        on_progress(f"memory: {name}")
        peaks[name] = peaks_of(name, job.recipe, batch_sizes, pace.seconds_per_round)
    state = _warmed_up(job, batch_sizes, on_progress)
    measured = (_rows_of(job, state, size, pace, on_progress) for size in batch_sizes)
    return [
        row | _memory(peaks[row["system"]].get(row["global_batch_size"], PeakMemory()))
        for row in chain.from_iterable(measured)
    ]


def _warmed_up(job: Job, batch_sizes: Sequence[int], on_progress: Callable[[str], None]) -> State:
    sizes = sizes_compiled(batch_sizes, job.recipe.micro_batch_size)
    if job.compiles:
        on_progress(
            f"compiling the step for micro-batches of {' and '.join(map(str, sorted(sizes)))}"
        )
    state = State.initial(job)
    state.warm_up(job, sizes)
    return state


def _rows_of(
    job: Job, state: State, size: int, pace: Pace, on_progress: Callable[[str], None]
) -> list[dict[str, Any]]:
    runs: dict[str, Run] = {
        LIMIT: looped_run(LIMIT, job, state, size),
        OURS: looped_run(OURS, job, state, size),
        PLAIN: plain_run(job, size),
    }

    def on_round(name: str, index: int) -> None:
        on_progress(f"batch {size}: round {index + 1}, {name}")

    measured = measure_in_turn(runs, pace, on_round)
    return [
        row
        | {"update_seconds": _update_seconds(row, measured[row["system"]])}
        | {"compiled": job.compiles and row["system"] != PLAIN}
        for row in make_rows(describe(job), size, measured)
    ]


def _update_seconds(row: Mapping[str, Any], measured: Measured) -> dict[str, Any] | None:
    """Of whole updates; where there is none, what one takes at the rate of the row, if any."""
    whole = [seconds for each in measured.counted.values() for seconds in each.update_seconds]
    if whole:
        median, longest = statistics.median(whole), max(whole)
        return {"median": median, "max": longest, "n": len(whole), "estimated": False}
    rate = row["samples_per_second"]
    if rate is None:
        return None
    return {"median": row["global_batch_size"] / rate, "max": None, "n": 0, "estimated": True}


def _memory(peak: PeakMemory) -> dict[str, int | None]:
    return {"peak_host_bytes": peak.host_bytes, "peak_device_bytes": peak.device_bytes}
