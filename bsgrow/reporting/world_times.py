"""What each phase of a plan is predicted to take on numbers of ranks, and how many of them pay."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bsgrow.reporting.wall_clock import (
    UpdateTime,
    WallClock,
    baseline_seconds,
    phase_seconds,
    total_seconds,
)
from bsgrow.schedule import Phase, Plan

EFFICIENCY = 0.5
"""Below which ranks do not pay, unless the user says otherwise: each does half of what it could."""


@dataclass(frozen=True, slots=True)
class Paying:
    """When a number of ranks pays: both hold, and they are faster than one, which always pays.

    Attributes:
        min_samples_per_device: samples of an update for each rank, at least.
        efficiency: samples per second against those of as many devices alone, at least.
    """

    min_samples_per_device: int
    efficiency: float = EFFICIENCY


@dataclass(frozen=True, slots=True)
class PhaseTime:
    """What a phase takes on a number of ranks.

    Attributes:
        update: one of its updates.
        seconds: all of them.
        efficiency: samples per second, against those of as many devices alone.
        pays: whether the ranks are worth having.
    """

    update: UpdateTime
    seconds: float
    efficiency: float
    pays: bool

    @property
    def world_size(self) -> int:
        """Number of ranks."""
        return self.update.world_size


@dataclass(frozen=True, slots=True)
class RunTime:
    """What a whole run takes on a number of ranks, and the reference at its fixed batch.

    Attributes:
        world_size: number of ranks, the same in every phase.
        seconds: of the plan.
        baseline_seconds: of the reference.
    """

    world_size: int
    seconds: float
    baseline_seconds: float

    @property
    def speedup(self) -> float:
        """How many times as fast the plan is as its reference."""
        return self.baseline_seconds / self.seconds


def phase_times(
    phase: Phase, clock: WallClock, world_sizes: Sequence[int], paying: Paying
) -> list[PhaseTime]:
    """Return what a phase takes on each number of ranks."""
    return [_phase_time(phase, clock, world_size, paying) for world_size in world_sizes]


def _phase_time(phase: Phase, clock: WallClock, world_size: int, paying: Paying) -> PhaseTime:
    size = phase.global_batch_size
    efficiency = clock.efficiency(size, world_size)
    enough = size >= world_size * paying.min_samples_per_device
    efficient = efficiency >= paying.efficiency and efficiency * world_size > 1
    pays = world_size == 1 or (enough and efficient)
    seconds = phase_seconds(phase, clock, world_size)
    return PhaseTime(clock.update(size, world_size), seconds, efficiency, pays)


def run_times(plan: Plan, clock: WallClock, world_sizes: Sequence[int]) -> list[RunTime]:
    """Return what the plan and its reference take on each number of ranks."""
    return [
        RunTime(size, total_seconds(plan, clock, size), baseline_seconds(plan, clock, size))
        for size in world_sizes
    ]


def largest_paying(times: Sequence[PhaseTime]) -> int | None:
    """Return the most ranks that pay in a phase; None where none of those asked for does."""
    return max((time.world_size for time in times if time.pays), default=None)


def paying_from(table: Sequence[Sequence[PhaseTime]]) -> list[int | None]:
    """Return for each number of ranks the first phase from which on it pays to the end.

    Args:
        table: of each phase, ``phase_times``.

    Returns:
        An index of a phase, a number of ranks each; None where it does not pay in the last phase.
    """
    return [
        _first_of_last_stretch([time.pays for time in column])
        for column in zip(*table, strict=True)
    ]


def _first_of_last_stretch(pays: Sequence[bool]) -> int | None:
    first = len(pays)
    while first and pays[first - 1]:
        first -= 1
    return first if first < len(pays) else None


def phase_time_row(time: PhaseTime) -> dict[str, Any]:
    """Return what a phase takes on a number of ranks as plain values, its world size left out."""
    update = time.update
    return {
        "samples_per_rank": update.samples_per_rank,
        "compute_seconds": update.compute_seconds,
        "all_reduce_seconds": update.all_reduce_seconds,
        "all_reduce_algorithm": update.all_reduce_algorithm,
        "all_reduce_hidden_seconds": update.hidden_seconds,
        "wait_seconds": update.wait_seconds,
        "agreement_seconds": update.agreement_seconds,
        "update_seconds": update.seconds,
        "predicted_seconds": time.seconds,
        "efficiency": time.efficiency,
        "pays": time.pays,
    }


def run_time_rows(times: Sequence[RunTime]) -> Iterator[dict[str, Any]]:
    """Yield what the plan and its reference take on each number of ranks as plain values."""
    for time in times:
        yield {
            "world_size": time.world_size,
            "predicted_seconds": time.seconds,
            "baseline_predicted_seconds": time.baseline_seconds,
            "speedup": time.speedup,
        }
