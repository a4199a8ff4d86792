"""A split of packed shards: their indices in memory, their images read as they are asked for."""

import os
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.encoded import SampleError, split_fingerprint
from bsgrow.data.names import Names, printable
from bsgrow.data.open_files import OpenFiles, read_up_to
from bsgrow.data.shards.index_checks import read_header, read_index
from bsgrow.data.shards.layout import HEADER, Header, Index
from bsgrow.errors import BsgrowError, InputError

_NAME = re.compile(r"shard-[0-9]{6,}\.bsgrow")


def shard_name(number: int) -> str:
    """The file name of a shard."""
    return f"shard-{number:06d}.bsgrow"


def shard_paths(folder: Path) -> list[Path]:
    """The shards in a folder, by number.

    Raises:
        BsgrowError: the folder cannot be listed.
    """
    try:
        names = [name for name in os.listdir(folder) if _NAME.fullmatch(name)]  # noqa: PTH208 - names only
    except OSError as error:
        raise BsgrowError(f"{printable(folder)}: cannot be listed: {error.strerror}") from error
    return [folder / name for name in sorted(names, key=lambda name: (len(name), name))]


def open_index(path: Path) -> Index:
    """Reads and checks the index of one shard.

    Raises:
        BsgrowError: it cannot be read.
        ShardError: it is damaged; says at which byte.
    """
    with _opened(path) as (descriptor, header):
        content = read_up_to(descriptor, header.index_bytes, 0)
        return read_index(content, header, printable(path))


def open_header(path: Path) -> Header:
    """Reads and checks the header of one shard, not its index.

    Raises:
        BsgrowError, ShardError: as `open_index`.
    """
    with _opened(path) as (_, header):
        return header


@contextmanager
def _opened(path: Path) -> Iterator[tuple[int, Header]]:
    where = printable(path)
    try:
        with path.open("rb", buffering=0) as stream:
            descriptor = stream.fileno()
            file_bytes = os.fstat(descriptor).st_size
            start = read_up_to(descriptor, HEADER.size, 0)
            yield descriptor, read_header(start, file_bytes, where)
    except OSError as error:
        raise BsgrowError(f"{where}: cannot be read: {error.strerror or error}") from error


def count_samples(folder: Path) -> int:
    """The number of samples in a folder of shards, from their headers alone.

    Raises:
        InputError: there are no shards, one is missing, or they are not of one split.
        BsgrowError: one is damaged or cannot be read.
    """
    paths = shard_paths(folder)
    headers = [open_header(path) for path in paths]
    check_complete(folder, paths, headers)
    return sum(header.num_samples for header in headers)


class ShardSplit:
    """The images of a folder of shards; see `EncodedSplit`.

    An index takes 40 bytes a sample and its name, in memory.

    Args:
        folder: holds the shards.

    Attributes:
        class_names: of the split.
        labels: int64 [N], read-only.
        names: of the samples, in order.
        left_out: name and reason of each source file that could not be packed.

    Raises:
        InputError: there are no shards, one is missing, or they are not of one split.
        BsgrowError: one is damaged or cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        paths = shard_paths(folder)
        indices = [open_index(path) for path in paths]
        check_complete(folder, paths, indices)
        _check_same_texts(paths, indices)
        self._records = np.concatenate([index.records for index in indices])
        self._starts = np.cumsum([0, *(len(index.records) for index in indices)])
        self._files = OpenFiles([str(path) for path in paths])
        self._changes = indices[0].changes
        self.class_names = tuple(os.fsdecode(name) for name in indices[0].class_names)
        self.names = _joined([index.names for index in indices])
        self.left_out = tuple(pair for index in indices for pair in index.left_out)
        self.labels: NDArray[np.int64] = self._records["label"].astype(np.int64)
        self.labels.flags.writeable = False
        if not len(self):
            raise InputError(
                f"{printable(folder)}: its shards hold no image",
                hint="all files of the source were left out; see `bsgrow data verify`",
            )

    def __len__(self) -> int:
        return len(self._records)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Int64 [N, 2]: height and width in pixels, after EXIF orientation."""
        sides = self._records["height"], self._records["width"]
        sizes: NDArray[np.int64] = np.stack(sides, axis=1).astype(np.int64)
        sizes.flags.writeable = False
        return sizes

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

    def read(self, sample: int) -> memoryview:
        """The image as it was packed, its checksum compared.

        Raises:
            SampleError: it cannot be read, or is not what was packed.
        """
        record = self._records[sample]
        content = self._files.read(
            self._shard(sample), int(record["offset"]), int(record["length"])
        )
        if (actual := zlib.crc32(content)) != record["checksum"]:
            reason = f"its checksum is {actual:08x}, {int(record['checksum']):08x} was packed"
            raise SampleError(
                self.locate(sample),
                reason,
                hint="the shard is damaged: copy it again, or remove it and pack again",
            )
        return memoryview(content)

    def locate(self, sample: int) -> str:
        """The shard, the byte offset in it, and the sample's name."""
        place = self._files.locate(self._shard(sample), int(self._records["offset"][sample]))
        return f"{place} ({printable(self.names[sample])})"

    def _shard(self, sample: int) -> int:
        return int(np.searchsorted(self._starts, sample, side="right")) - 1


def check_complete(folder: Path, paths: list[Path], parts: Sequence[Header | Index]) -> None:
    """Refuses shards that are not all of one split, each once.

    Raises:
        InputError: there are none, one is missing, or one is of another split.
    """
    if not parts:
        raise InputError(
            f"{printable(folder)}: no packed shards in it",
            hint="`bsgrow data pack SOURCE DEST` makes them",
        )
    first = parts[0]
    for number, (path, part) in enumerate(zip(paths, parts, strict=True)):
        if (part.pack_id, part.num_shards) != (first.pack_id, first.num_shards):
            raise _mixed(path, f"is of another split than {printable(paths[0].name)}")
        if part.shard != number:
            raise _mixed(folder, f"{shard_name(number)} is missing, of {part.num_shards}")
        if path.name != shard_name(number):
            raise _mixed(path, f"is shard {number}, under another name")
    if len(parts) != first.num_shards:
        missing = f"{shard_name(len(parts))} is missing, of {first.num_shards}"
        raise _mixed(folder, missing)


def _mixed(path: Path, problem: str) -> InputError:
    return InputError(
        f"{printable(path)}: {problem}",
        hint="copy the folder again as a whole, or run the same `bsgrow data pack` again",
    )


def _check_same_texts(paths: list[Path], indices: list[Index]) -> None:
    first = indices[0]
    for path, index in zip(paths, indices, strict=True):
        if (index.class_names, index.changes) != (first.class_names, first.changes):
            raise _mixed(path, f"has other classes or changes than {printable(paths[0].name)}")


def _joined(parts: list[Names]) -> Names:
    offsets = np.cumsum([0, *(len(part.joined) for part in parts)])
    ends = [part.ends + offset for part, offset in zip(parts, offsets, strict=False)]
    return Names(b"".join(part.joined for part in parts), np.concatenate(ends))
