"""A split of parquet files, and the data sets that are made of them."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.encoded.dataset import (
    MAX_SAMPLE_BYTES,
    EncodedDataset,
    SampleError,
    split_fingerprint,
)
from bsgrow.data.encoded.held_out import hold_out
from bsgrow.data.encoded.names import Names
from bsgrow.data.encoded.opening import check_same_classes
from bsgrow.data.encoded.split_folders import HOLD_OUT
from bsgrow.data.folder.sample_files import SampleFiles
from bsgrow.data.parquet.columns import look_at, opened, read_labels
from bsgrow.data.parquet.extracted import extract
from bsgrow.data.parquet.files import SplitFiles, find_files
from bsgrow.errors import InputError
from bsgrow.text.printable import printable


class ParquetSplit:
    """The images of some parquet files, in their order; see `EncodedSplit`.

    Labels are read at once; images are taken out of the files when the first is asked for, or their
    lengths; see `bsgrow.data.parquet.extracted`.

    Args:
        paths: of the files.

    Attributes:
        class_names: those of Hugging Face's metadata, or ``"0"`` to the largest label.
        has_names: whether the files name their classes.
        labels: int64 [N], read-only.
        names: of the samples: file and row.

    Raises:
        InputError: the columns are others, a label is none, or there are no samples.
        DamagedError: a file is damaged.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths, self._extracting = tuple(paths), Lock()
        labels, class_names = [], set()
        for path in paths:
            with opened(path) as (file, arrow):
                class_names.add(look_at(file, arrow, printable(path)).class_names)
                labels.append(read_labels(file, arrow, printable(path)))
        self.labels: NDArray[np.int64] = np.concatenate(labels)
        self.labels.flags.writeable = False
        self._first_rows = np.cumsum([0, *map(len, labels)])
        if not len(self):
            raise InputError(f"{printable(paths[0])}: has no samples", hint="it needs one at least")
        self.has_names = class_names != {()}
        self.class_names = self._checked(class_names)
        rows = zip(paths, map(len, labels), strict=True)
        self.names = Names.of(
            f"{path.name}/{row}".encode(errors="surrogateescape")
            for path, num_rows in rows
            for row in range(num_rows)
        )

    def _checked(self, found: set[tuple[str, ...]]) -> tuple[str, ...]:
        where, most = printable(self._paths[0].parent), int(self.labels.max())
        if len(found) > 1:
            raise InputError(
                f"{where}: the files of a split name other classes",
                hint="a label has to mean the same in all of them",
            )
        (names,) = found
        if names and most >= len(names):
            raise InputError(
                f"{where}: labels run to {most}, and {len(names)} classes are named",
                hint="labels are numbers from 0, one for each name",
            )
        return names or tuple(map(str, range(most + 1)))

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def _extracted(self) -> tuple[SampleFiles, NDArray[np.int64]]:
        path, ends = extract(self._paths, len(self))
        return SampleFiles([str(path)]), ends

    def _images(self) -> tuple[SampleFiles, NDArray[np.int64]]:
        if "_extracted" not in vars(self):
            with self._extracting:
                return self._extracted
        return self._extracted

    @property
    def num_bytes(self) -> NDArray[np.int64]:
        """Int64 [N], lengths of the images; 0 for one that is null."""
        return np.diff(self._images()[1], prepend=0)

    @cached_property
    def fingerprint(self) -> str:
        """The digest of names, labels and lengths; see `split_fingerprint`."""
        return split_fingerprint(self.names, self.labels, self.num_bytes)

    def name(self, sample: int) -> bytes:
        """The sample's file and row."""
        return self.names[sample]

    def size(self, sample: int) -> None:
        """None: only the image says."""

    def read(self, sample: int) -> memoryview:
        """The encoded image of a sample.

        Raises:
            SampleError: it is null, empty or absurdly long, or cannot be read.
        """
        files, ends = self._images()
        start = int(ends[sample - 1]) if sample else 0
        num_bytes = int(ends[sample]) - start
        if not 0 < num_bytes <= MAX_SAMPLE_BYTES:
            what = f"an image of {num_bytes} bytes" if num_bytes else "the image is null or empty"
            raise SampleError(self.locate(sample), what)
        return memoryview(files.read(0, start, num_bytes))

    def locate(self, sample: int) -> str:
        """The file and the row in it, for messages."""
        file = int(np.searchsorted(self._first_rows, sample, "right")) - 1
        return f"{printable(self._paths[file])}, row {sample - int(self._first_rows[file])}"


def open_splits(path: Path | None) -> tuple[SplitFiles, ParquetSplit, ParquetSplit | None]:
    """Open the splits that are there, whose labels mean the same; reads no image.

    Raises:
        InputError: as `ParquetSplit` and `find_files`, or the classes differ.
    """
    files = find_files(path)
    train = ParquetSplit(files.train)
    test = ParquetSplit(files.test) if files.test else None
    if test is not None:
        names = [split.class_names for split in (train, test)]
        if not (train.has_names or test.has_names):  # numbers, up to the larger of both
            names = [max(names, key=len)] * 2
        check_same_classes(files.train[0].parent, *names)
        train.class_names = test.class_names = names[0]
    return files, train, test


def open_parquet(path: Path | None, test_fraction: float | None) -> EncodedDataset:
    """Open a data set of parquet files.

    Raises:
        InputError: as `open_splits`, or nothing is held out, or twice.
    """
    files, train, test = open_splits(path)
    where = printable(files.train[0].parent if path is None else path)
    if test is None and test_fraction is not None:
        return EncodedDataset("parquet", *hold_out(train, test_fraction, where), train.class_names)
    if test is None:
        raise InputError(f"{where}: has no validation or test files", hint=HOLD_OUT)
    if test_fraction is not None:
        raise InputError(
            f"data.test_fraction = {test_fraction}: {where} holds {files.test_name} files, which "
            "are held out already",
            hint="leave data.test_fraction out, or give one file",
        )
    return EncodedDataset("parquet", train, test, train.class_names)
