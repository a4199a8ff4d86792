"""The processes of a run and what they do together; one that is alone is a group of one."""

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from bsgrow.errors import BsgrowError

Value = TypeVar("Value")

BITS = 31
"""That processes combine unless they say otherwise: what an int32 has beside its sign."""


class LostProcessError(BsgrowError):
    """Another process of the run has died, hangs, or cannot be reached.

    Attributes:
        ranks: those that are known to be lost; empty where that is not known.
    """

    def __init__(self, message: str, hint: str | None = None, ranks: Iterable[int] = ()) -> None:
        super().__init__(message, hint=hint)
        self.ranks = frozenset(ranks)

    @property
    def first_left(self) -> int:
        """The lowest rank that is not lost, which says for all that are left what has happened."""
        return next(rank for rank in count() if rank not in self.ranks)


class Summing(Protocol):
    """A sum over processes that was begun."""

    def wait(self) -> object:
        """Return when the tensor holds the sum; on a device, when its stream will wait for it."""


class _Summed:
    """The sum of a process that is alone."""

    def wait(self) -> None:
        """Return at once."""


class ProcessGroup:
    """A process that is alone. Those of many have the same face, and this is their meaning at one.

    All processes call the same methods in the same order.

    Attributes:
        rank: of this process, in [0, world_size).
        world_size: number of processes.
        local_rank: of this process among those on its machine.
    """

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0

    def open(self, device: torch.device, timeout_seconds: float) -> None:
        """Begin what sums and decides together.

        Args:
            device: where this process computes; NCCL sums on CUDA devices, Gloo elsewhere.
            timeout_seconds: after which a process that does not answer counts as lost.

        Raises:
            LostProcessError: the others do not come.
        """

    def combine(self, flags: int, num_bits: int = BITS) -> int:
        """Return the bits that any process has set.

        Args:
            flags: of this process, below 2**num_bits.
            num_bits: as many on all processes.

        Raises:
            LostProcessError: another process does not answer.
        """
        return flags

    def begin_sum(self, tensor: Tensor) -> Summing:
        """Begin to replace a tensor, alike in shape and dtype everywhere, by its sum."""
        return _Summed()

    def sum_(self, tensor: Tensor) -> Tensor:
        """Replace a tensor by its sum over the processes, and return it.

        Raises:
            LostProcessError: another process does not answer.
        """
        return tensor

    def sum_numbers(self, numbers: Sequence[float]) -> list[float]:
        """Return the sums over the processes of numbers that the host has; waits for no device.

        So a process that does not answer is named; in a sum that a device waits for, what watches
        over NCCL ends this process first. Whole numbers are exact up to 2**53.

        Args:
            numbers: float64, equally many on all processes.

        Raises:
            LostProcessError: another process does not answer.
        """
        return list(numbers)

    def gather(self, value: Value) -> list[Value]:
        """Return the value of each rank, in their order; of what JSON has.

        It waits for a process as long as that shows that it lives, however long it takes.

        Raises:
            LostProcessError: another process has died or hangs.
        """
        return [value]

    def note(self, name: str, value: str) -> None:
        """Note something for the processes that torchrun starts in place of these."""

    def noted(self, name: str) -> str | None:
        """Return what was noted under a name, by these processes or those before; None if nothing.

        Each process asks for itself; where the machine is gone that noted it, it may be lost.
        """
        return None

    def post(self, doing: str) -> None:
        """Note what this process does, for the others to read should they wait in vain."""

    def ask_to_stop(self, signal: int) -> None:
        """Let the others know at once that this process was asked to stop, and by what signal."""

    def stop_signal(self) -> int:
        """Return by what signal a process was asked to stop, or 0; looks at no network."""
        return 0


ALONE = ProcessGroup()


def from_rank_0(group: ProcessGroup, value: Value) -> Value:
    """Return the value that rank 0 has, of what JSON has."""
    return group.gather(value if group.rank == 0 else None)[0]  # type: ignore[return-value]


def total_over(group: ProcessGroup, number: int) -> int:
    """Return the sum of a whole number over the processes; raises as ``sum_numbers``."""
    (total,) = group.sum_numbers([number])
    return int(total)


def ranks_named(ranks: Iterable[int]) -> str:
    """Return ``rank 1`` or ``ranks 1, 2 and 3``."""
    words = [str(rank) for rank in ranks]
    if len(words) == 1:
        return f"rank {words[0]}"
    return f"ranks {', '.join(words[:-1])} and {words[-1]}"
