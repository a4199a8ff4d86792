"""Systems measured in turn, round by round: what else the machine does falls on all alike."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import NamedTuple

import torch

from bsgrow.bench.source import Delivered, Source, UnavailableError, check_batch
from bsgrow.bench.work import Work
from bsgrow.errors import BsgrowError

# What a system that is not ours may end with where it does not work here: Numba and others have
# classes of their own, a foreign array raises BufferError, a stream that ends StopIteration.
FAILURES = Exception

_IDLE_SHARE = 0.2  # of a core: less is housekeeping
_POLL_SECONDS = 0.02
_SETTLE_SECONDS = 20.0


class Round(NamedTuple):
    """What was done in one timed stretch.

    Attributes:
        num_samples: samples delivered.
        seconds: how long that took.
        update_seconds: of each whole update in it, for training.
    """

    num_samples: int
    seconds: float
    update_seconds: tuple[float, ...] = ()

    @property
    def samples_per_second(self) -> float:
        """The rate of the round."""
        return self.num_samples / self.seconds


Run = Callable[[float], Round]
"""Runs for at least so many seconds, after a warm-up that does not count."""


@dataclass(frozen=True)
class Pace:
    """How long is measured.

    Attributes:
        num_rounds: rounds of each system, of which the first does not count.
        seconds_per_round: that a round lasts at least; it ends with a whole delivery.
        seconds_per_row: after which a system takes part in no further round; its first round, in
            which it may compile, it always has, and it is not counted. Other warm-ups are.
    """

    num_rounds: int = 7
    seconds_per_round: float = 0.5
    seconds_per_row: float = 8.0


@dataclass
class Measured:
    """Rounds of one system, or why there are none."""

    rounds: dict[int, Round] = field(default_factory=dict)
    seconds: float = 0.0
    reason: str | None = None

    @property
    def counted(self) -> dict[int, Round]:
        """The rounds that count, by number: the first one does only where it is alone."""
        later = {index: each for index, each in self.rounds.items() if index > 0}
        return later or self.rounds

    def goes_on(self, pace: Pace) -> bool:
        """Whether it takes part in a further round."""
        has_time = not self.rounds or self.seconds < pace.seconds_per_row
        return self.reason is None and has_time


def measure_in_turn(
    runs: Mapping[str, Run], pace: Pace, on_round: Callable[[str, int], None]
) -> dict[str, Measured]:
    """Run each system for a round, then each for the next, until all had their rounds or time.

    Args:
        runs: by name of the system.
        pace: how many rounds, and how long.
        on_round: called before each with the name and the number of the round.

    Returns:
        By name; one that failed has the reason.
    """
    measured = {name: Measured() for name in runs}
    for index in range(pace.num_rounds):
        still = [name for name in runs if measured[name].goes_on(pace)]
        if not still:
            break
        for name in still:
            on_round(name, index)
            _add_round(measured[name], index, runs[name], pace.seconds_per_round)
    return measured


def _add_round(measured: Measured, index: int, run: Run, seconds: float) -> None:
    start = time.perf_counter()
    try:
        measured.rounds[index] = run(seconds)
    except BsgrowError:
        raise
    except FAILURES as error:
        measured.reason = describe_failure(error)
    measured.seconds += time.perf_counter() - start if index else 0.0
    settle()


def describe_failure(error: BaseException) -> str:
    """Return the first line of what went wrong."""
    lines = str(error).strip().splitlines()
    if isinstance(error, UnavailableError):
        return lines[0]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def run_source(source: Source, work: Work, seconds: float) -> Round:
    """Time a stretch of whole deliveries of a stream that has begun and is past its warm-up."""
    with closing(source.stream()) as batches:
        warm_up(batches, work, source.num_ahead + source.num_together)
        return time_deliveries(batches, work.device, seconds, source.num_together)


def warm_up(batches: Iterator[Delivered], work: Work, num_deliveries: int) -> None:
    """Take and check so many deliveries.

    Raises:
        UnavailableError: one is not what the work asks for.
    """
    for _ in range(num_deliveries):
        batch = next(batches)  # held meanwhile, so that as much memory is touched as when timed
        check_batch(work, batch)


def time_deliveries(
    batches: Iterator[Delivered], device: torch.device, seconds: float, num_together: int = 1
) -> Round:
    """Time a stretch of whole deliveries, one at least, of a stream that is past its warm-up."""
    synchronise(device)
    start, num_samples = time.perf_counter(), 0
    while num_samples == 0 or time.perf_counter() - start < seconds:
        for _ in range(num_together):
            batch = next(batches)  # held, as training holds it, while the next one is asked for
            num_samples += batch.num_samples
    synchronise(device)
    return Round(num_samples, time.perf_counter() - start)


def synchronise(device: torch.device) -> None:
    """Wait until a device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def settle() -> None:
    """Wait until nothing of this process works on in the background, into the next one's round."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while time.monotonic() < deadline:
        before = time.process_time()
        time.sleep(_POLL_SECONDS)
        if time.process_time() - before < _IDLE_SHARE * _POLL_SECONDS:
            return
