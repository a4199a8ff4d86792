"""A split of packed shards: their indices in memory, their images read as they are asked for."""

import os
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.encoded.dataset import SampleError, split_fingerprint
from bsgrow.data.encoded.layouts import tell_what_is_left
from bsgrow.data.encoded.names import Names
from bsgrow.data.folder.sample_files import SampleFiles
from bsgrow.data.shards.files import (
    check_complete,
    check_same_texts,
    open_index,
    open_indices,
    shard_paths,
)
from bsgrow.data.shards.layout import Index
from bsgrow.errors import BsgrowError, InputError
from bsgrow.text.printable import printable


class ShardSplit:
    """The images of a folder of shards; see `EncodedSplit`.

    An index takes 40 bytes a sample and its name, in memory.

    Args:
        paths: of all the shards, or of some.
        indices: theirs; see `open_shards`.

    Attributes:
        class_names: of the split.
        names: of the samples, in order.
        left_out: names of the source files that could not be packed.
    """

    def __init__(self, paths: Sequence[Path], indices: Sequence[Index]) -> None:
        self._records = _concatenated([index.records for index in indices])
        self._starts = [0, *accumulate(len(index.records) for index in indices)]
        self._files = SampleFiles([str(path) for path in paths])
        self._changes = indices[0].changes
        self.class_names = tuple(os.fsdecode(name) for name in indices[0].class_names)
        self.names = _joined([index.names for index in indices])
        self.left_out = tuple(name for index in indices for name in index.left_out)

    def __len__(self) -> int:
        return len(self._records)

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Int64 [N], read-only."""
        labels: NDArray[np.int64] = self._records["label"].astype(np.int64)
        labels.flags.writeable = False
        return labels

    @cached_property
    def fingerprint(self) -> str:
        """The digest of names, labels, lengths of the source files, and changed pixels."""
        changed = self._records["changed"] != 0
        changes = self._changes + np.packbits(changed).tobytes().hex() if changed.any() else ""
        source_bytes = self._records["source_bytes"].astype(np.int64)
        return split_fingerprint(self.names, self.labels, source_bytes, changes)

    def name(self, sample: int) -> bytes:
        """The name of the file that a sample was made of."""
        return self.names[sample]

    def size(self, sample: int) -> tuple[int, int]:
        """Height and width of a sample in pixels, after EXIF orientation."""
        record = self._records[sample]
        return int(record["height"]), int(record["width"])

    def read(self, sample: int) -> memoryview:
        """The image as it was packed, its checksum compared.

        Raises:
            SampleError: it cannot be read, or is not what was packed.
        """
        return read_image(
            self._files, self._shard(sample), self._records[sample], self.names[sample]
        )

    def locate(self, sample: int) -> str:
        """The shard, the byte offset in it, and the sample's name."""
        offset = int(self._records["offset"][sample])
        return _locate(self._files, self._shard(sample), offset, self.names[sample])

    def _shard(self, sample: int) -> int:
        return bisect_right(self._starts, sample) - 1


def open_shards(folder: Path) -> ShardSplit:
    """Opens all shards of a folder: reads and checks their indices, no image.

    Raises:
        InputError: there are no shards, one is missing, they are not of one split, or no image is
            in them.
        BsgrowError: one is damaged or cannot be read.
    """
    paths = shard_paths(folder)
    indices = open_indices(paths)
    check_complete(folder, paths[: len(indices)], indices)
    check_same_texts(paths, indices)
    split = ShardSplit(paths, indices)
    if not len(split):
        raise InputError(
            f"{printable(folder)}: its shards hold no image: all files of the source were left out",
            hint="pack again, without --on-error skip, to see why",
        )
    tell_what_is_left(folder, "shards")
    return split


def read_image(files: SampleFiles, shard: int, record: np.void, name: bytes) -> memoryview:
    """The image that a record is about, its checksum compared.

    Raises:
        SampleError: it cannot be read, or is not what was packed.
    """
    offset = int(record["offset"])
    content = files.read(shard, offset, int(record["length"]))
    if (actual := zlib.crc32(content)) != record["checksum"]:
        raise SampleError(
            _locate(files, shard, offset, name),
            f"its checksum is {actual:08x}, {int(record['checksum']):08x} was packed",
            hint="the shard is damaged: copy it again, or remove it and pack again",
        )
    return memoryview(content)


def _locate(files: SampleFiles, shard: int, offset: int, name: bytes) -> str:
    return f"{files.locate(shard, offset)} ({printable(name)})"


def is_whole(path: Path, pack_id: bytes, number: int) -> bool:
    """Whether a file is shard `number` of a packing, no sample left out, every checksum right."""
    if not path.exists():
        return False
    try:
        index, files = open_index(path), SampleFiles([str(path)])
        if index.left_out:  # what could not be used then may be usable now
            return False
        for record, name in zip(index.records, index.names, strict=True):
            read_image(files, 0, record, name)
    except BsgrowError:
        return False
    return (index.pack_id, index.shard) == (pack_id, number)


def _concatenated(parts: list[NDArray[np.void]]) -> NDArray[np.void]:
    """One alone is not copied."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _joined(parts: list[Names]) -> Names:
    """One alone is not copied."""
    if len(parts) == 1:
        return parts[0]
    offsets = np.cumsum([0, *(len(part.joined) for part in parts)])
    ends = [part.ends + offset for part, offset in zip(parts, offsets, strict=False)]
    return Names(b"".join(part.joined for part in parts), np.concatenate(ends))
