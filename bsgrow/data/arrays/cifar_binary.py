"""The binary version of CIFAR-10 and CIFAR-100, from a folder or straight from the archive.

Format: www.cs.toronto.edu/~kriz/cifar.html (Krizhevsky 2009). A batch file is a run of records; a
record is one label byte (CIFAR-10) or a coarse and a fine one (CIFAR-100), then 1 024 bytes each
of red, green and blue, row by row.
"""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.arrays.cifar_layout import Layout, check_complete, check_folder
from bsgrow.data.arrays.dataset import ArraySplit
from bsgrow.data.tar.members import TarMembers
from bsgrow.files.reading import (
    Readable,
    damaged,
    open_binary,
    open_maybe_gzip,
    read_into,
)
from bsgrow.text.printable import printable

_IMAGE_SHAPE = (3, 32, 32)
_RECORDS_A_READ = 1000  # 3 MB, so that memory stays at the size of the set
_MOST_BESIDE = 1 << 26  # bytes of an archive that are no batch files; the official ones have 2**16


@dataclass(frozen=True, eq=False)
class _Arrays:
    """Writable images uint8 [n, 3, 32, 32] and labels int64 [n]: a split, or one file's part."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    @staticmethod
    def empty(size: int) -> "_Arrays":
        return _Arrays(np.empty((size, *_IMAGE_SHAPE), np.uint8), np.empty(size, np.int64))

    def part(self, start: int, size: int) -> "_Arrays":
        stop = start + size
        return _Arrays(self.images[start:stop], self.labels[start:stop])

    def freeze(self) -> ArraySplit:
        return ArraySplit(self.images, self.labels)


class _Batches:
    """Arrays for both splits, and for every batch file the part of them that it fills."""

    def __init__(self, layout: Layout) -> None:
        self.train = _Arrays.empty(sum(size for _, size in layout.train_files))
        self.test = _Arrays.empty(layout.test_file[1])
        self.parts = {layout.test_file[0]: self.test}
        start = 0
        for name, size in layout.train_files:
            self.parts[name] = self.train.part(start, size)
            start += size

    def freeze(self) -> tuple[ArraySplit, ArraySplit]:
        return self.train.freeze(), self.test.freeze()


def read_folder(layout: Layout, folder: Path) -> tuple[ArraySplit, ArraySplit]:
    """Reads the batch files of a folder; returns the training and the test split.

    Raises:
        InputError: a batch file is missing.
        BsgrowError: one is damaged or cannot be read; names file and offset.
    """
    check_folder(layout, folder)
    batches = _Batches(layout)
    for name, part in batches.parts.items():
        with open_binary(folder / name) as source:
            size = os.fstat(source.fileno()).st_size
            _read_batch(layout, source, size, str(folder / name), part)
    return batches.freeze()


def read_archive(layout: Layout, archive: Path) -> tuple[ArraySplit, ArraySplit]:
    """Reads the batch files out of the archive in one pass, unpacking nothing to disk.

    It takes the memory of the set and a few MB, and unpacks at most 64 MiB beside the batch files.

    Raises:
        InputError: the archive lacks a batch file.
        BsgrowError: it is damaged, larger than that, or cannot be read; names file and offset.
    """
    batches = _Batches(layout)
    most = layout.num_bytes + _MOST_BESIDE
    with open_maybe_gzip(archive, most) as (source, where):
        tar = TarMembers(source, where, most)
        seen = _read_members(layout, tar, archive, batches)
        tar.read_to_the_end()  # where gzip keeps its checksum
    check_complete(layout, archive, seen)
    return batches.freeze()


def _read_members(layout: Layout, tar: TarMembers, archive: Path, batches: _Batches) -> list[str]:
    """Fills the arrays in the archive's own order; returns the names found."""
    seen = []
    for member, num_bytes in tar.members():
        name = PurePosixPath(os.fsdecode(member)).name
        if name in batches.parts:
            where = f"{printable(archive)}:{printable(member)}"
            _read_batch(layout, tar, num_bytes, where, batches.parts[name])
            seen.append(name)
    return seen


def _read_batch(layout: Layout, source: Readable, size: int, where: str, part: _Arrays) -> None:
    """Fills `part` from a batch file of `size` bytes, a few records at a time."""
    num_records, length = len(part.labels), layout.record_bytes
    if size != num_records * length:
        expected = f"{num_records * length} bytes ({num_records} records of {length})"
        first_wrong = min(size, num_records * length)
        found = "the data end" if size < num_records * length else "more data"
        raise damaged(where, first_wrong, found, expected)
    buffer = np.empty((min(_RECORDS_A_READ, num_records), length), np.uint8)
    for start in range(0, num_records, len(buffer)):
        records = buffer[: num_records - start]
        read_into(source, records, where, start * length)
        _check_labels(layout, records, where, start * length)
        _unpack(layout, records, part.part(start, len(records)))


def _unpack(layout: Layout, records: NDArray[np.uint8], part: _Arrays) -> None:
    num_labels = len(layout.label_limits)
    part.labels[:] = records[:, num_labels - 1]
    part.images[:] = records[:, num_labels:].reshape(-1, *_IMAGE_SHAPE)


def _check_labels(layout: Layout, records: NDArray[np.uint8], where: str, offset: int) -> None:
    limits = np.array(layout.label_limits)
    for row, column in np.argwhere(records[:, : len(limits)] >= limits)[:1]:
        position = offset + int(row) * layout.record_bytes + int(column)
        expected = f"at most {limits[column] - 1}"
        raise damaged(where, position, f"label {records[row, column]}", expected)
