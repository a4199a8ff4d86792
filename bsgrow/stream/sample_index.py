"""The samples of a stretch of the stream, as what reads a map-style data set is given them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from bsgrow.stream.sample_stream import SampleStream


class SampleIndex(int):
    """An index of a sample, which knows in which epoch it is read.

    To a data set it is the integer that it indexes with. What augments keys its random numbers
    with it and its epoch: ``bsgrow.stream.sample_rng(seed, index.epoch, index)``.

    Attributes:
        epoch: of the stream, from 0.
    """

    epoch: int

    def __new__(cls, sample: int, epoch: int) -> "SampleIndex":
        """Make the index of a sample, read in an epoch."""
        index = super().__new__(cls, sample)
        index.epoch = epoch
        return index

    def __reduce__(self) -> tuple[type["SampleIndex"], tuple[int, int]]:
        """Return what a copy is made of."""
        return SampleIndex, (int(self), self.epoch)


@dataclass(frozen=True, slots=True)
class SampleIndices(Sequence[SampleIndex]):
    """The samples at positions [start, stop) of a stream, found where they are read.

    Sent to a worker it is a few numbers, however many samples it stands for.

    Attributes:
        stream: whose samples they are.
        start: first position.
        stop: one past the last.
    """

    stream: "SampleStream"
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[SampleIndex]:
        places = self.stream[self.start : self.stop]
        return map(SampleIndex, places.samples.tolist(), places.epochs.tolist())

    @overload
    def __getitem__(self, offsets: int) -> SampleIndex: ...

    @overload
    def __getitem__(self, offsets: slice) -> list[SampleIndex]: ...

    def __getitem__(self, offsets: int | slice) -> SampleIndex | list[SampleIndex]:
        """Return the sample at an offset, or those of a slice."""
        if isinstance(offsets, slice):
            return list(self)[offsets]
        epoch, sample = self.stream[range(self.start, self.stop)[offsets]]
        return SampleIndex(sample, epoch)
