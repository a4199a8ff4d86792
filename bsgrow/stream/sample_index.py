"""The samples of a stretch of the stream, as what reads a map-style data set is given them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, overload

from bsgrow.validation.annotated import checked_class
from bsgrow.validation.kinds import Within

if TYPE_CHECKING:
    from bsgrow.stream.sample_stream import SampleStream


@checked_class()
class SampleIndex(int):
    """An index of a sample, which knows in which epoch it is read.

    To a data set it is the integer that it indexes with. What augments keys its random numbers
    with it and its epoch: ``bsgrow.sample_rng(seed, index.epoch, index)``.

    Args:
        sample: index of the sample.
        epoch: of the stream, from 0.

    Attributes:
        epoch: of the stream, from 0.
    """

    __slots__ = ()
    epoch: ClassVar[int] = 0

    def __new__(
        cls, sample: Annotated[int, Within(0)], epoch: Annotated[int, Within(0)] = 0
    ) -> "SampleIndex":
        """Make the index of a sample, read in an epoch."""
        return _class_of(epoch)(sample)

    def __reduce__(self) -> tuple[type["SampleIndex"], tuple[int, int]]:
        """Return what a copy is made of."""
        return SampleIndex, (int(self), self.epoch)


@lru_cache(maxsize=16)
def _class_of(epoch: int) -> type[SampleIndex]:
    """Return the indices of an epoch: a class, which is made fast, and takes no memory for it."""
    names = {"__slots__": (), "__new__": int.__new__, "epoch": epoch}
    return type("SampleIndex", (SampleIndex,), names)


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
        samples = self.stream.samples(self.start, self.stop).tolist()
        length, parts, done = self.stream.num_samples, [], self.start
        while done < self.stop:  # mostly once
            epoch = done // length
            end = min(self.stop, (epoch + 1) * length)
            part = samples[done - self.start : end - self.start]
            # As the class is called, without the time that this takes.
            parts.append(map(int.__new__, repeat(_class_of(epoch)), part))
            done = end
        return chain(*parts)

    def __reduce__(self) -> tuple[Any, tuple[int, int, bool, int, int]]:
        """Return what a copy is made of: numbers alone, which take the least time to send."""
        stream = self.stream
        return _sent, (stream.num_samples, stream.seed, stream.shuffle, self.start, self.stop)

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


def _sent(num_samples: int, seed: int, shuffle: bool, start: int, stop: int) -> SampleIndices:
    return SampleIndices(_stream(num_samples, seed, shuffle), start, stop)


@lru_cache(maxsize=1)
def _stream(num_samples: int, seed: int, shuffle: bool) -> "SampleStream":
    from bsgrow.stream.sample_stream import SampleStream

    return SampleStream(num_samples, seed, shuffle)
