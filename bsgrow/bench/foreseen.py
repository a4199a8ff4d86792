"""How long a comparison of loaders takes, said before it begins."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bsgrow.bench.measure import Pace
from bsgrow.bench.systems import System
from bsgrow.bench.work import Work

# What the slowest loader of bench_loader.json, torch's, delivers in a second to each of its threads
# or workers: images of 32x32 in float32.
_SLOW_BYTES = 64 << 20
_WARM_UP = 3  # deliveries before the clock runs, and the one under way when the round is over


class Foreseen(NamedTuple):
    """How long it takes, in seconds, between every system being fast and every one being slow.

    Attributes:
        num_rows: what is measured.
        least: the rounds alone.
        most: with whole deliveries of the slowest kind, as long as the pace lets them go on.
    """

    num_rows: int
    least: float
    most: float


def foresee(works: Iterable[Work], systems: Mapping[str, System], pace: Pace) -> Foreseen:
    """Return how long ``bench_loader`` will measure, without what systems take to get ready."""
    rows = [
        work
        for work in works
        for system in systems.values()
        if system.takes(work) and system.is_installed
    ]
    least = len(rows) * pace.num_rounds * pace.seconds_per_round
    return Foreseen(len(rows), least, sum(_longest(work, pace) for work in rows))


def _longest(work: Work, pace: Pace) -> float:
    delivery = work.global_batch_size * work.bytes_written / (_SLOW_BYTES * work.num_threads)
    one_round = pace.seconds_per_round + _WARM_UP * delivery
    later = (pace.num_rounds - 1) * one_round
    return one_round + min(later, pace.seconds_per_row + one_round)
