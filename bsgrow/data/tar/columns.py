"""The index of a split's tars: a row for each sample, told by headers and labels alone.

What is beyond doubt is found in C++ (`bsgrow/tar_index.h`); at anything else it stops, and
`SampleReader` says what that is. Both give the same rows. A member takes 0.6 µs, by Python alone 8
(a core of a virtual Xeon, tars in the page cache).
"""

from array import array
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.encoded.dataset import DamagedError
from bsgrow.data.encoded.names import Names
from bsgrow.data.tar.index import TarReader
from bsgrow.data.tar.samples import Sample, SampleReader
from bsgrow.files.regular import opened_regular
from bsgrow.native.extension import extension
from bsgrow.text.printable import printable


class TarIndex:
    """Where the samples of tars are, in 40 bytes each and their names.

    A sample has two headers and a label in the tar, 1.5 KB at least, and what is in no sample is
    counted: so no tar takes memory that it does not have on the disk. Time is that of reading
    headers, and metadata of 1 MiB each and 1 GiB in all at most; Ctrl-C ends it.

    Args:
        paths: of the tars.
        found: keeps account of what is in no sample.

    Attributes:
        names: of the images.
        tars: int64 [N], read-only as all arrays: the number of the tar.
        offsets: int64 [N], of the image's content in its tar.
        lengths: int64 [N], in bytes.
        labels: int64 [N].

    Raises:
        InputError: a sample has no label or no image.
        DamagedError: a tar is damaged, no regular file, or cannot be read.
    """

    def __init__(self, paths: list[Path], found: SampleReader) -> None:
        self._names, self._columns = bytearray(), [array("q") for _ in range(4)]
        counts = [self._index(path, found) for path in paths]
        ends, self.offsets, self.lengths, self.labels = map(_frozen, self._columns)
        self.names = Names(bytes(self._names), ends)
        self.tars: NDArray[np.int64] = np.repeat(np.arange(len(paths)), counts)
        del self._names

    def _index(self, path: Path, found: SampleReader) -> int:
        """Adds the samples of a tar; returns how many they are."""
        before = len(self._columns[0])
        try:
            with opened_regular(path) as file:
                self._add_all(TarReader(file.fileno(), str(path)), found)
        except OSError as error:
            raise DamagedError(printable(path), f"cannot be read: {error.strerror}") from error
        return len(self._columns[0]) - before

    def _add_all(self, tar: TarReader, found: SampleReader) -> None:
        position: int | None = 0
        while position is not None:
            position, is_odd = self._add_run(tar, position)
            if is_odd:
                sample, position = found.read(tar, position)
                if sample:
                    self._add(sample)

    def _add_run(self, tar: TarReader, position: int) -> tuple[int, bool]:
        """Adds the samples up to the first odd one; returns where that is, and whether it is."""
        names, ends, *columns, position, is_odd = extension.index_tar(
            descriptor=tar.descriptor, file_bytes=tar.num_bytes, position=position
        )
        shifted = np.frombuffer(ends, np.int64) + len(self._names)
        self._names += names
        for column, values in zip(self._columns, (shifted.tobytes(), *columns), strict=True):
            column.frombytes(values)
        return position, is_odd

    def _add(self, sample: Sample) -> None:
        image, label = sample
        self._names += image.name
        row = (len(self._names), image.offset, image.num_bytes, label)
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)


def _frozen(column: "array[int]") -> NDArray[np.int64]:
    values = np.frombuffer(column, np.int64)
    values.flags.writeable = False
    return values
