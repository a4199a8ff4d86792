"""Cuts slices of the stream of samples into chunks of one size, whatever the sizes of the slices.

What is fetched in chunks takes the same memory at every batch size, and crosses a change of it
like any other place.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Owner = TypeVar("Owner")


@dataclass(frozen=True, slots=True)
class Part(Generic[Owner]):
    """Positions [start, stop) of a slice that lie in one chunk.

    Attributes:
        owner: the slice.
        start: first position.
        stop: one past the last.
    """

    owner: Owner
    start: int
    stop: int


@dataclass(slots=True)
class Chunk(Generic[Owner]):
    """Positions [start, stop), side by side.

    Attributes:
        start: first position.
        stop: one past the last.
        parts: of slices, in order; together they are the chunk.
    """

    start: int
    stop: int
    parts: list[Part[Owner]] = field(default_factory=list)

    def room_for(self, position: int, size: int) -> bool:
        """Whether it can grow by a position and hold no more than size of them."""
        return self.stop == position and self.stop - self.start < size


def chunks_of(slices: Iterable[tuple[Owner, int, int]], size: int) -> Iterator[Chunk[Owner]]:
    """Cut slices (owner, start, stop) into chunks of at most size samples.

    A chunk ends where it is full, or where the next slice does not go on from it. Slices are taken
    one by one, as far ahead as a chunk needs.
    """
    chunk: Chunk[Owner] | None = None
    for owner, position, end in slices:
        while position < end:
            if chunk is not None and not chunk.room_for(position, size):
                yield chunk
                chunk = None
            if chunk is None:
                chunk = Chunk(position, position)
            stop = min(end, chunk.start + size)
            chunk.parts.append(Part(owner, position, stop))
            chunk.stop = position = stop
    if chunk is not None:
        yield chunk
