"""Reading a shard's index by chunks: what is wrong is refused before much of it is read."""

import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.encoded.names import Names
from bsgrow.data.shards.index_checks import RecordChecks, damaged, split_names
from bsgrow.data.shards.layout import CHECKED_FROM, HEADER, RECORD, Header, Index

_CHUNK = RECORD.itemsize * (1 << 15)  # bytes, of whole records
_NONE = (b"", "")
_ZERO = (b"\0", "a zero byte in the name of a sample")

ReadAt: TypeAlias = Callable[[int, int], bytes]
"""Gives so many bytes of the file from an offset on, or fewer where it ends."""


def read_index(read: ReadAt, header: Header, where: str) -> Index:
    """The index of a shard.

    It takes up to three times the memory of the index; zeros where records or names should be, as
    in a file with holes, are refused at the first of them. A class name takes some 60 bytes beside
    its letters, and so does a name of what was left out: 0.3 and 1.4 GiB at the most that is read.

    Args:
        read: of the file.
        header: what `read_header` gave for it.
        where: the file, for messages.

    Raises:
        ShardError: a bound, a name or the checksum is wrong.
    """
    if not (header.shard < header.num_shards and header.num_classes > 0):
        problem = f"shard {header.shard} of {header.num_shards}, {header.num_classes} classes"
        raise damaged(where, 64, problem)
    part = _Parts(read, where)
    stored = int.from_bytes(part.take(HEADER.size)[12:CHECKED_FROM], "little")
    records = _records(part, header, where)
    class_names = _class_names(part, header, where)
    names = part.take(header.name_bytes, refused=_ZERO)
    changes = _decode(part.take(header.change_bytes), where)
    left_out = part.take_list(header.left_out_bytes, "names left out")
    part.check(stored)
    return Index(
        pack_id=header.pack_id,
        shard=header.shard,
        num_shards=header.num_shards,
        records=records,
        class_names=class_names,
        names=Names(names, records["name_end"].astype(np.int64)),
        changes=changes,
        left_out=left_out,
    )


class _Parts:
    """Header and index, part by part from the start of the file, and their checksum."""

    def __init__(self, read: ReadAt, where: str) -> None:
        self._read, self._where = read, where
        self._position, self._checksum = 0, 0

    def chunks(self, num_bytes: int) -> Iterator[bytes]:
        """The part that follows the one before."""
        stop = self._position + num_bytes
        while self._position < stop:
            expected = min(_CHUNK, stop - self._position)
            chunk = self._read(self._position, expected)
            if len(chunk) < expected:
                problem = "the file ends inside its index"
                raise damaged(self._where, self._position + len(chunk), problem)
            begun = max(0, CHECKED_FROM - self._position)
            self._checksum = zlib.crc32(memoryview(chunk)[begun:], self._checksum)
            yield chunk
            self._position += expected

    def take(self, num_bytes: int, refused: tuple[bytes, str] = _NONE) -> bytes:
        """A part without the bytes that are `refused`, in words too."""
        content, (unwanted, problem) = BytesIO(), refused
        for chunk in self.chunks(num_bytes):
            if unwanted and (place := chunk.find(unwanted)) >= 0:
                raise damaged(self._where, self._position + place, problem)
            content.write(chunk)
        return content.getvalue()  # not a copy

    def take_list(self, num_bytes: int, what: str) -> tuple[bytes, ...]:
        """Names, each ended by a zero byte."""
        start = self._position
        text = self.take(num_bytes, refused=(b"\0\0", f"an empty name among {what}"))
        return split_names(text, what, start, self._where)

    def check(self, stored: int) -> None:
        """Compares the checksum of all that was taken."""
        if self._checksum != stored:
            problem = f"the index has the checksum {self._checksum:08x}, its header says"
            raise damaged(self._where, CHECKED_FROM, f"{problem} {stored:08x}")


def _records(part: _Parts, header: Header, where: str) -> NDArray[np.void]:
    content, checks = bytearray(), RecordChecks(header, where)
    for chunk in part.chunks(RECORD.itemsize * header.num_samples):
        checks.take(np.frombuffer(chunk, RECORD))
        content += chunk
    checks.finish()
    records = np.frombuffer(content, RECORD)
    records.flags.writeable = False
    return records


def _class_names(part: _Parts, header: Header, where: str) -> tuple[bytes, ...]:
    names = part.take_list(header.class_bytes, "class names")
    if len(names) != header.num_classes:
        raise damaged(where, 76, f"{len(names)} class names for {header.num_classes} classes")
    return names


def _decode(text: bytes, where: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise damaged(where, HEADER.size, f"a text is not UTF-8: {error.reason}") from error
