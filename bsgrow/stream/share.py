"""How an update is divided: over ranks, then into micro-batches, always in whole ghost batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from bsgrow.errors import InputError
from bsgrow.validation.annotated import checked_class
from bsgrow.validation.kinds import Within


class Cut(NamedTuple):
    """Positions [start, stop) of an update that are one micro-batch of a rank.

    Attributes:
        start: first position in the stream.
        stop: one past the last.
        weight: its samples ÷ those of the whole update, all ranks together: what a mean over the
            micro-batch is multiplied with, so that the sum over all is the mean over the update.
        is_last: whether it is the last one that this rank has of the update.
    """

    start: int
    stop: int
    weight: float
    is_last: bool

    @property
    def num_samples(self) -> int:
        """Samples in it."""
        return self.stop - self.start


@checked_class()
@dataclass(frozen=True, slots=True)
class Share:
    """What one rank takes of every update.

    The ghost batches of an update are dealt in contiguous runs, the first ranks taking one more
    where they do not divide; so every ghost batch is whole on one rank, for any world size, and all
    ranks together take each sample once. A rank may have none.

    Args:
        rank: this process, in [0, world_size).
        world_size: number of processes.
        ghost_batch_size: samples that batch normalisation sees together; the last ghost batch of an
            update may be short.

    Raises:
        InputError: a number is out of range, or no integer.
    """

    rank: Annotated[int, Within(0)] = 0
    world_size: Annotated[int, Within(1)] = 1
    ghost_batch_size: Annotated[int, Within(1)] = 1

    def __post_init__(self) -> None:
        if self.rank >= self.world_size:
            raise InputError(f"rank = {self.rank}: must be below world_size = {self.world_size}")

    def run(self, start: int, stop: int) -> tuple[int, int]:
        """Return the positions [first, last) of an update [start, stop) that this rank takes.

        Equal where it has none.

        Raises:
            ValueError: a position is negative, or the update ends before it starts.
        """
        if not 0 <= start <= stop:
            raise ValueError(f"update [{start}, {stop}): expected positions, the first one first")
        ghost = self.ghost_batch_size
        num_each, num_extra = divmod(-(-(stop - start) // ghost), self.world_size)
        first = start + (self.rank * num_each + min(self.rank, num_extra)) * ghost
        last = first + (num_each + (self.rank < num_extra)) * ghost
        return (first, last) if last <= stop else (min(first, stop), stop)

    def micro_batches(self, start: int, stop: int, micro_batch_size: int) -> Iterator[Cut]:
        """Yield the micro-batches of this rank's run of an update, in order.

        Args:
            start: first position of the update.
            stop: one past its last.
            micro_batch_size: samples in each, whole ghost batches; the last one may be short.

        Raises:
            ValueError: the size is not one or more whole ghost batches.
        """
        self.check_micro_batch_size(micro_batch_size)
        num_samples = stop - start
        first, last = self.run(start, stop)
        last_full = last - micro_batch_size
        for position in range(first, last, micro_batch_size):
            end = position + micro_batch_size if position < last_full else last
            yield Cut(position, end, (end - position) / num_samples, end == last)

    def num_micro_batches(self, start: int, stop: int, micro_batch_size: int) -> int:
        """Return how many ``micro_batches`` yields."""
        self.check_micro_batch_size(micro_batch_size)
        first, last = self.run(start, stop)
        return -(-(last - first) // micro_batch_size)

    def check_micro_batch_size(self, micro_batch_size: int) -> None:
        """Raise InputError unless micro-batches of that size hold whole ghost batches."""
        if micro_batch_size < 1 or micro_batch_size % self.ghost_batch_size:
            raise InputError(
                f"micro_batch_size = {micro_batch_size}: expected a multiple of the ghost batch of "
                f"{self.ghost_batch_size}",
                hint="a ghost batch is never cut apart: give a multiple of ghost_batch_size",
            )


def gradient_accumulation_steps(
    global_batch_size: int, ghost_batch_size: int, micro_batch_size: int, world_size: int
) -> int:
    """Return the micro-batches of the busiest rank, the first, in one update."""
    share = Share(0, world_size, ghost_batch_size)
    return share.num_micro_batches(0, global_batch_size, micro_batch_size)
