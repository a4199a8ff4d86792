"""Reading a shard's index by chunks: what is wrong is refused before much of it is read."""

import zlib
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.names import Names
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
        ShardError: a checksum, a bound or a name is wrong.
    """
    _check_checksum(read, header, where)
    if not (header.shard < header.num_shards and header.num_classes > 0):
        problem = f"shard {header.shard} of {header.num_shards}, {header.num_classes} classes"
        raise damaged(where, 64, problem)
    records = _read_records(read, header, where)
    starts = accumulate(
        (records.nbytes, header.class_bytes, header.name_bytes, header.change_bytes)
    )
    classes, names, changes, left_out = (HEADER.size + start for start in starts)
    return Index(
        pack_id=header.pack_id,
        shard=header.shard,
        num_shards=header.num_shards,
        records=records,
        class_names=_class_names(read, classes, header, where),
        names=Names(
            _read(read, names, header.name_bytes, where, refused=_ZERO),
            records["name_end"].astype(np.int64),
        ),
        changes=_decode(_read(read, changes, header.change_bytes, where), where),
        left_out=_read_list(read, left_out, header.left_out_bytes, where, "names left out"),
    )


def _chunks(read: ReadAt, offset: int, num_bytes: int, where: str) -> Iterator[bytes]:
    for start in range(offset, offset + num_bytes, _CHUNK):
        expected = min(_CHUNK, offset + num_bytes - start)
        chunk = read(start, expected)
        if len(chunk) < expected:
            raise damaged(where, start + len(chunk), "the file ends inside its index")
        yield chunk


def _read(
    read: ReadAt, offset: int, num_bytes: int, where: str, *, refused: tuple[bytes, str] = _NONE
) -> bytes:
    """A part of the index, without the bytes that are `refused`, in words too."""
    content, (unwanted, problem) = bytearray(), refused
    for chunk in _chunks(read, offset, num_bytes, where):
        if unwanted and (place := chunk.find(unwanted)) >= 0:
            raise damaged(where, offset + len(content) + place, problem)
        content += chunk
    return bytes(content)


def _read_list(
    read: ReadAt, offset: int, num_bytes: int, where: str, what: str
) -> tuple[bytes, ...]:
    refused = (b"\0\0", f"an empty name among {what}")
    text = _read(read, offset, num_bytes, where, refused=refused)
    return split_names(text, what, offset, where)


def _check_checksum(read: ReadAt, header: Header, where: str) -> None:
    stored = int.from_bytes(_read(read, 12, 4, where), "little")
    actual = 0
    for chunk in _chunks(read, CHECKED_FROM, header.index_bytes - CHECKED_FROM, where):
        actual = zlib.crc32(chunk, actual)
    if actual != stored:
        problem = f"the index has the checksum {actual:08x}, its header says {stored:08x}"
        raise damaged(where, CHECKED_FROM, problem)


def _read_records(read: ReadAt, header: Header, where: str) -> NDArray[np.void]:
    content, checks = bytearray(), RecordChecks(header, where)
    for chunk in _chunks(read, HEADER.size, RECORD.itemsize * header.num_samples, where):
        checks.take(np.frombuffer(chunk, RECORD))
        content += chunk
    checks.finish()
    records = np.frombuffer(content, RECORD)
    records.flags.writeable = False
    return records


def _class_names(read: ReadAt, offset: int, header: Header, where: str) -> tuple[bytes, ...]:
    names = _read_list(read, offset, header.class_bytes, where, "class names")
    if len(names) != header.num_classes:
        raise damaged(where, 76, f"{len(names)} class names for {header.num_classes} classes")
    return names


def _decode(text: bytes, where: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise damaged(where, HEADER.size, f"a text is not UTF-8: {error.reason}") from error
