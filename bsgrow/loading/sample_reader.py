"""Encoded samples, read ahead of their decoding in a few threads that wait for the disk."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from bsgrow.data import EncodedSplit, SampleError
from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.header import CUT_SHORT, is_cut_short
from bsgrow.images.reading import shown_size
from bsgrow.loading.faults import OnError, first_usable
from bsgrow.loading.lookahead import Begun

NUM_READERS = 8  # they wait for the disk and compute nothing, so that cores do not bound them
_SAMPLES_PER_READ = 32  # a thread's turn: long enough to hide its cost, short enough to spread
_READS_PER_CHUNK = 4  # at least: two chunks give all threads something to wait for


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


Reading = tuple[list[EncodedSample], list[SampleError]]
"""As many samples as were asked for, in their order, and what was wrong with those left out."""


class SampleReader:
    """Reads the samples of a split; under ``skip``, bad ones are replaced by their stand-ins.

    Args:
        split: where they are; read by several threads at once.
        on_error: what to do about a sample that cannot be read or is no image.
        threads: those that read.
    """

    def __init__(self, split: EncodedSplit, on_error: OnError, threads: ThreadPoolExecutor) -> None:
        self.split, self.on_error, self._threads = split, on_error, threads

    def begin(self, indices: NDArray[np.int64]) -> Begun[Reading]:
        """Begin to read samples [n].

        The result raises SampleError and BsgrowError, as ``read``.
        """
        size = min(_SAMPLES_PER_READ, -(-len(indices) // _READS_PER_CHUNK))
        reads = [
            self._threads.submit(self._read_all, indices[first : first + size])
            for first in range(0, len(indices), size)
        ]

        def cancel() -> None:
            for read in reads:
                read.cancel()

        return Begun(lambda: _joined(read.result() for read in reads), cancel)

    def read(self, index: int, faults: list[SampleError]) -> EncodedSample:
        """Read one sample, or its stand-in.

        Raises:
            SampleError: it is bad, under ``raise``.
            BsgrowError: so are too many after it; or no files or memory are left to read it.
        """
        return first_usable(self.split, index, self.read_as_is, faults, self.on_error)

    def read_as_is(self, index: int) -> EncodedSample:
        """Read the very sample; raises SampleError where it is bad."""
        content = self.split.read(index)
        try:
            size = shown_size(content)
        except ImageError as error:
            raise SampleError(self.split.locate(index), error.message) from error
        if is_cut_short(content):
            raise SampleError(self.split.locate(index), CUT_SHORT)
        return EncodedSample(index, content, size)

    def _read_all(self, indices: NDArray[np.int64]) -> Reading:
        faults: list[SampleError] = []
        return [self.read(index, faults) for index in indices.tolist()], faults


def _joined(readings: Iterable[Reading]) -> Reading:
    samples, faults = zip(*readings, strict=True)
    return list(chain.from_iterable(samples)), list(chain.from_iterable(faults))
