"""Training measured on many processes: all together, one alone, and each by itself.

``bsgrow`` is the training loop of all processes; that of ``world_size`` 1 is rank 0's while the
others wait. ``limit`` is the same loop in which no process waits for another: each computes its
share of every update at the same time as the others, and what it sums is its own.
"""

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from bsgrow.bench.all_reduce import measure_all_reduce
from bsgrow.bench.interference import interference
from bsgrow.bench.measure import Pace, Round, settle
from bsgrow.bench.rows import LIMIT, OURS, median_ratio, spread
from bsgrow.bench.training_job import describe
from bsgrow.bench.whole_updates import Stretch, Trainer
from bsgrow.reporting.throughput import Throughput
from bsgrow.training.group.process_group import ALONE, ProcessGroup
from bsgrow.training.job import Job

_ONE = "one"  # of the processes, alone
_SYSTEMS = (LIMIT, OURS, _ONE)


class Apart(ProcessGroup):
    """One of many processes that has its share of every update, and waits for no other."""

    def __init__(self, group: ProcessGroup) -> None:
        self.rank, self.world_size, self.local_rank = group.rank, group.world_size, group.local_rank


class Passed(NamedTuple):
    """What the processes did in a round of one system.

    Attributes:
        round: their samples together, in the time of the last of them.
        stretches: of each process; of rank 0 alone where it was alone.
    """

    round: Round
    stretches: Sequence[Stretch]


Rounds = Mapping[str, dict[int, Passed]]
"""By system, then by number of the round."""


def bench_together(
    job: Job, batch_sizes: Sequence[int], pace: Pace, on_progress: Callable[[str], None]
) -> dict[str, Any]:
    """Measure a job's training at each global batch on the processes of its group, all at once.

    Rounds end with a whole update. Memory is not measured.

    Args:
        job: of this process, one of two or more; its weights are not changed.
        batch_sizes: global batches.
        pace: how many rounds, and how long.
        on_progress: called with what is going on, in words.

    Returns:
        ``all_reduce`` and ``interference``, as ``measure_all_reduce`` and ``interference`` have
        them, and ``rows`` as ``bench_train`` has them, with ``world_size``; ``efficiency``, the
        rate against that of as many processes that are as fast as one alone, median over the
        rounds; ``data_wait_share`` and ``communication_share``, as in ``Progress``. The same on all
        processes.

    Raises:
        BsgrowError: a process has failed, or is lost.
    """
    on_progress("compiling the step" if job.compiles else "making the networks")
    groups = {LIMIT: Apart(job.group), OURS: job.group, _ONE: ALONE}
    trainers = {name: Trainer.of(job, groups[name], batch_sizes) for name in _SYSTEMS}
    on_progress("the all-reduce")
    gradient_bytes = trainers[OURS].gradient_bytes
    all_reduce = measure_all_reduce(job.group, job.device, gradient_bytes)
    rounds = {size: _measured(job.group, trainers, size, pace, on_progress) for size in batch_sizes}
    rows = [row for size in batch_sizes for row in _rows(job, size, rounds[size])]
    cost = interference(_alone(rows), {size: _apart(each) for size, each in rounds.items()})
    return {"all_reduce": all_reduce, "interference": cost, "rows": rows}


def _alone(rows: Iterable[Mapping[str, Any]]) -> Throughput:
    """Return what one process does, from the rows."""
    mine = sorted(
        (row["global_batch_size"], row["samples_per_second"])
        for row in rows
        if row["world_size"] == 1
    )
    sizes, rates = zip(*mine, strict=True)
    return Throughput(OURS, sizes, rates, {})


def _apart(rounds: Rounds) -> list[Stretch]:
    """Return what each process did while all worked and none waited."""
    return [each for passed in _counted(rounds[LIMIT]).values() for each in passed.stretches]


def _measured(
    group: ProcessGroup,
    trainers: Mapping[str, Trainer],
    size: int,
    pace: Pace,
    on_progress: Callable[[str], None],
) -> Rounds:
    """Run each system for a round, then each for the next, until all had their rounds or time."""
    rounds: dict[str, dict[int, Passed]] = {name: {} for name in trainers}
    left = pace.seconds_per_row * len(trainers)
    for index in range(pace.num_rounds):
        for name, trainer in trainers.items():
            on_progress(f"batch {size}: round {index + 1}, {name}")
            passed = _one_round(group, trainer, size, pace.seconds_per_round)
            rounds[name][index] = passed
            left -= passed.round.seconds
        if left < 0:  # of seconds that are the same on all
            break
    return rounds


def _one_round(group: ProcessGroup, trainer: Trainer, size: int, seconds: float) -> Passed:
    """Train for a stretch, all from the same moment on; those who have nothing to do wait."""
    settle()
    group.gather(None)  # which waits as long as it takes
    group.combine(0)  # which ends at once on all
    takes_part = trainer.job.group is not ALONE or group.rank == 0
    mine = trainer.run(size, seconds) if takes_part else None
    stretches = [Stretch(*each) for each in group.gather(mine) if each]
    longest = max(each.seconds for each in stretches)
    rate = sum(each.num_samples / each.seconds for each in stretches)
    updates = tuple(stretches[0].update_seconds)
    return Passed(Round(round(rate * longest), longest, updates), stretches)


def _rows(job: Job, size: int, rounds: Rounds) -> Iterator[dict[str, Any]]:
    counted = {name: _counted(passed) for name, passed in rounds.items()}
    rates = {
        name: {i: each.round for i, each in passed.items()} for name, passed in counted.items()
    }
    for name in _SYSTEMS:
        world_size = 1 if name == _ONE else job.group.world_size
        speedup = median_ratio(rates[name], rates[_ONE])
        yield {
            "case": describe(job),
            "system": OURS if name == _ONE else name,
            "global_batch_size": size,
            "world_size": world_size,
            **spread(rates[name]),
            "of_limit": None if name == _ONE else median_ratio(rates[name], rates[LIMIT]),
            "bsgrow_times": median_ratio(rates[OURS], rates[name]),
            "efficiency": None if speedup is None else speedup / world_size,
            "data_wait_share": _share(counted[name], "data"),
            "communication_share": _share(counted[name], "others"),
            "update_seconds": _update_seconds(rates[name].values()),
            "peak_host_bytes": None,
            "peak_device_bytes": None,
            "compiled": job.compiles,
        }


def _counted(passed: Mapping[int, Passed]) -> Mapping[int, Passed]:
    """Leave the first round out where there is another."""
    return {index: each for index, each in passed.items() if index} or passed


def _share(passed: Mapping[int, Passed], what: str) -> float:
    """Return the median over the rounds of the mean over the processes."""
    return statistics.median(
        statistics.fmean(getattr(stretch, what) for stretch in each.stretches)
        for each in passed.values()
    )


def _update_seconds(rounds: Any) -> dict[str, Any]:
    seconds = [each for one in rounds for each in one.update_seconds]
    median = statistics.median(seconds)
    return {"median": median, "max": max(seconds), "n": len(seconds), "estimated": False}
