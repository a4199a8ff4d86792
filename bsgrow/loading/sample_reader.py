"""Encoded samples, read ahead of their decoding in a few threads that wait for the disk."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bsgrow.data import EncodedSplit, SampleError
from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.header import CUT_SHORT, is_cut_short
from bsgrow.images.reading import shown_size
from bsgrow.loading.faults import OnError, first_usable

NUM_READERS = 8  # they wait for the disk and compute nothing, so that cores do not bound them
_SAMPLES_PER_READ = 32  # a thread's turn: long enough to hide its cost, short enough to spread


@dataclass(frozen=True, slots=True)
class EncodedSample:
    """A sample as bytes.

    Attributes:
        index: its index in the split; that of the stand-in where the one asked for is bad.
        content: the encoded image.
        size: height and width, as it is shown.
    """

    index: int
    content: memoryview
    size: tuple[int, int]


@dataclass(slots=True)
class ReadSamples:
    """What reading some samples gave.

    Attributes:
        samples: as many as were asked for, in their order.
        faults: what was wrong with those left out.
    """

    samples: list[EncodedSample] = field(default_factory=list)
    faults: list[SampleError] = field(default_factory=list)


class SampleReader:
    """Reads the samples of a split; under ``skip``, bad ones are replaced by their stand-ins.

    Args:
        split: where they are; read by several threads at once.
        on_error: what to do about a sample that cannot be read or is no image.
        threads: those that read.
    """

    def __init__(
        self,
        split: EncodedSplit,
        on_error: OnError,
        threads: ThreadPoolExecutor,
    ) -> None:
        self._split, self._on_error, self._threads = split, on_error, threads

    def begin(self, indices: NDArray[np.int64]) -> "list[Future[ReadSamples]]":
        """Begin to read samples [n]; ``gather`` waits for them."""
        parts = range(0, len(indices), _SAMPLES_PER_READ)
        return [
            self._threads.submit(self._read_all, indices[first : first + _SAMPLES_PER_READ])
            for first in parts
        ]

    def read(self, index: int, faults: list[SampleError]) -> EncodedSample:
        """Read one sample, or its stand-in.

        Raises:
            SampleError: it is bad, under ``raise``.
            BsgrowError: so are too many after it; or no files or memory are left to read it.
        """
        return first_usable(self._split, index, self.read_as_is, faults, self._on_error)

    def read_as_is(self, index: int) -> EncodedSample:
        """Read the very sample; raises SampleError where it is bad."""
        content = self._split.read(index)
        try:
            size = shown_size(content)
        except ImageError as error:
            raise SampleError(self._split.locate(index), error.message) from error
        if is_cut_short(content):
            raise SampleError(self._split.locate(index), CUT_SHORT)
        return EncodedSample(index, content, size)

    def _read_all(self, indices: NDArray[np.int64]) -> ReadSamples:
        read = ReadSamples()
        for index in indices.tolist():
            read.samples.append(self.read(index, read.faults))
        return read


def gather(reads: "list[Future[ReadSamples]]") -> ReadSamples:
    """Wait for samples whose reading was begun, and put them together in order.

    Raises:
        SampleError, BsgrowError: as ``SampleReader.read``.
    """
    whole = ReadSamples()
    for part in (read.result() for read in reads):
        whole.samples += part.samples
        whole.faults += part.faults
    return whole
