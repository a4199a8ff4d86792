"""What updates wait for: data, and the other processes; the rest of their time they compute."""

from collections import deque
from collections.abc import Iterator
from enum import Enum, auto
from statistics import fmean
from typing import NamedTuple, TypeVar

import torch

from bsgrow.training.device_clock import Mark, has_passed, mark, seconds_between
from bsgrow.training.group.process_group import ProcessGroup

Value = TypeVar("Value")

_MOST_PENDING = 64


class Wait(Enum):
    """What is waited for."""

    DATA = auto()
    OTHERS = auto()  # the sum of the gradients, and the decision of all


class UpdateTimes:
    """Counts what updates wait for between two reports; waits for nothing itself.

    On the CPU the host's clock is read. On a CUDA device, which the host runs ahead of, two events
    on its stream stand around each wait, so that what counts is how long the device had nothing
    to do but wait; they are read when they have passed.

    Args:
        device: that computes.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._seconds = dict.fromkeys(Wait, 0.0)
        self._pending: deque[tuple[Wait, Mark, Mark]] = deque()

    def start(self, wait: Wait) -> None:
        """Begin to wait; a wait that was begun before and is not over counts for nothing."""
        self._begun = wait, mark(self._device)

    def stop(self) -> None:
        """End the wait."""
        self._pending.append((*self._begun, mark(self._device)))
        if len(self._pending) > _MOST_PENDING:
            self._add_passed()

    def awaited(self, values: Iterator[Value]) -> Iterator[Value]:
        """Yield values; what each keeps waiting for counts as data."""
        while True:
            self.start(Wait.DATA)
            try:
                value = next(values)
            except StopIteration:
                return
            self.stop()
            yield value

    def take(self) -> dict[Wait, float]:
        """Return the seconds of each kind since the last call; the device was waited for."""
        self._add_passed()
        taken, self._seconds = self._seconds, dict.fromkeys(Wait, 0.0)
        return taken

    def _add_passed(self) -> None:
        while self._pending and has_passed(self._pending[0][2]):
            wait, first, last = self._pending.popleft()
            self._seconds[wait] += seconds_between(first, last)


class WaitShares(NamedTuple):
    """What processes waited for, as shares of a time that passed on all of them, 0 to 1.

    Attributes:
        data: waiting for data, their mean.
        communication: waiting for the sum of the gradients and for the others, their mean.
        slowest_rank: the one that waited least for the others, so that they waited for it; None
            where there is one process.
    """

    data: float
    communication: float
    slowest_rank: int | None


def own_shares(waited: dict[Wait, float], seconds: float) -> WaitShares:
    """Return what this process waited for, by itself; see ``shares_of``."""
    data, others = (min(1.0, waited[wait] / max(seconds, 1e-9)) for wait in Wait)
    return WaitShares(data, others, None)


def shares_of(group: ProcessGroup, waited: dict[Wait, float], seconds: float) -> WaitShares:
    """Return what the processes of a group waited for; all of them ask at the same time.

    Args:
        group: the processes.
        waited: what this process waited for, in seconds.
        seconds: that have passed.

    Raises:
        LostProcessError: another process does not answer.
    """
    data, others, _ = own_shares(waited, seconds)
    if group.world_size == 1:
        return WaitShares(data, 0.0, None)
    of_each = [0.0] * 2 * group.world_size
    of_each[2 * group.rank : 2 * group.rank + 2] = data, others
    of_each = group.sum_numbers(of_each)
    of_data, of_others = of_each[::2], of_each[1::2]
    slowest = of_others.index(min(of_others))
    return WaitShares(fmean(of_data), fmean(of_others), slowest)
