"""Chunks: neighbouring positions of the stream that are fetched at once."""

from collections.abc import Iterable, Iterator
from typing import Generic, NamedTuple, Protocol, TypeVar

from bsgrow.stream import Cut


class _Positions(Protocol):
    """Positions [start, stop) of the stream, at least one."""

    @property
    def start(self) -> int: ...
    @property
    def stop(self) -> int: ...


Piece = TypeVar("Piece", bound=_Positions)


class Part(NamedTuple):
    """Positions [start, stop) of a micro-batch that lie in one chunk.

    Attributes:
        cut: the micro-batch.
        start: first position.
        stop: one past the last.
    """

    cut: Cut
    start: int
    stop: int

    @property
    def rows(self) -> slice:
        """Rows of the micro-batch that they are."""
        return slice(self.start - self.cut.start, self.stop - self.cut.start)


class Chunk(NamedTuple, Generic[Piece]):
    """Positions [start, stop) that are fetched at once.

    Attributes:
        start: first position.
        stop: one past the last.
        pieces: what lies side by side in it, in order.
    """

    start: int
    stop: int
    pieces: list[Piece]

    def rows(self, piece: Piece) -> slice:
        """Return the rows of the chunk that a piece is."""
        return slice(piece.start - self.start, piece.stop - self.start)


def chunks_of(pieces: Iterable[Piece], num_samples: int) -> Iterator[Chunk[Piece]]:
    """Put whole pieces together, in order, while they go on from each other and fit.

    Args:
        pieces: taken one by one, one more than is yielded where there still is room.
        num_samples: of a chunk, at most; a piece that is longer is a chunk of its own.
    """
    chunk: list[Piece] = []
    start = stop = 0
    for piece in pieces:
        if chunk and (piece.start != stop or piece.stop - start > num_samples):
            yield Chunk(start, stop, chunk)
            chunk = []
        if not chunk:
            start = piece.start
        stop = piece.stop
        chunk.append(piece)
        if stop - start >= num_samples:
            yield Chunk(start, stop, chunk)
            chunk = []
    if chunk:
        yield Chunk(start, stop, chunk)


def chunks_of_one_size(cuts: Iterable[Cut], size: int) -> Iterator[Chunk[Part]]:
    """Cut micro-batches into chunks of one size, whatever the sizes of the micro-batches.

    What is fetched so takes the same memory at every batch size, and crosses a change of it like
    any other place. A chunk is shorter where the next micro-batch does not go on from it.
    """
    return chunks_of(_parts_of_all(cuts, size), size)


def parts_of(cut: Cut, size: int, origin: int) -> Iterator[Part]:
    """Divide a micro-batch where chunks of one size end, the first of which begins at origin.

    One of no samples is one part.
    """
    start, stop = cut.start, -1
    while stop != cut.stop:
        stop = min(cut.stop, start + size - (start - origin) % size)
        yield Part(cut, start, stop)
        start = stop


def _parts_of_all(cuts: Iterable[Cut], size: int) -> Iterator[Part]:
    origin = end = 0
    for cut in cuts:
        if cut.start != end:
            origin = cut.start
        end = cut.stop
        yield from parts_of(cut, size, origin)
