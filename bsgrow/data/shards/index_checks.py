"""Reading a shard's index: nothing in it is believed before it has been checked."""

import zlib

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.encoded import MAX_SAMPLE_BYTES, DamagedError
from bsgrow.data.names import Names
from bsgrow.data.shards.layout import (
    ALIGNMENT,
    CHECKED_FROM,
    HEADER,
    MAGIC,
    MAX_INDEX_BYTES,
    RECORD,
    VERSION,
    Header,
    Index,
)

_MOST_PIXELS = 2**31 - 1  # a side, so that sizes fit a signed 32-bit number everywhere


class ShardError(DamagedError):
    """A shard's header or index is damaged."""


def damaged(where: str, offset: int, problem: str) -> ShardError:
    """The error for what is wrong at byte `offset` of a shard."""
    return ShardError(
        f"{where} at byte {offset}",
        problem,
        hint="the shard is damaged or was cut short; copy it again, or remove it and pack again",
    )


def read_header(start: bytes, file_bytes: int, where: str) -> Header:
    """The header from the first bytes of a shard.

    Args:
        start: the first `HEADER.size` bytes, or all there are.
        file_bytes: what the file system says of the file's length.
        where: the file, for messages.

    Raises:
        ShardError: it is not a shard, or one of another version or length.
    """
    if len(start) < HEADER.size:
        raise damaged(where, len(start), f"the file ends inside its header of {HEADER.size} bytes")
    magic, version, _, *fields = HEADER.unpack_from(start)
    if magic != MAGIC:
        raise damaged(where, 0, f"{magic!r} in place of {MAGIC!r}: not a packed shard")
    if version != VERSION:
        raise damaged(where, 8, f"version {version}; this release reads version {VERSION}")
    header = Header(*fields)
    if header.file_bytes != file_bytes:
        problem = f"{header.file_bytes} bytes were written, {file_bytes} are there"
        raise damaged(where, min(header.file_bytes, file_bytes), problem)
    if not HEADER.size <= header.index_bytes == header.expected_index_bytes <= file_bytes:
        raise damaged(where, 16, f"an index of {header.index_bytes} bytes does not fit its parts")
    if header.index_bytes > MAX_INDEX_BYTES:
        raise damaged(where, 16, f"an index of {header.index_bytes} bytes is above the most, 1 GiB")
    return header


def read_index(content: bytes, header: Header, where: str) -> Index:
    """The index from the first `index_bytes` bytes of a shard.

    Raises:
        ShardError: a checksum, a bound or a name is wrong.
    """
    if len(content) != header.index_bytes:
        raise damaged(where, len(content), "the file ends inside its index")
    _check_checksum(content, where)
    if not (header.shard < header.num_shards and header.num_classes > 0):
        problem = f"shard {header.shard} of {header.num_shards}, {header.num_classes} classes"
        raise damaged(where, 64, problem)
    stop = HEADER.size + RECORD.itemsize * header.num_samples
    records = np.frombuffer(content, RECORD, header.num_samples, HEADER.size)
    _check_records(records, header, where)
    texts = []
    for length in (header.class_bytes, header.name_bytes, header.change_bytes):
        texts.append(content[stop : stop + length])
        stop += length
    return Index(
        pack_id=header.pack_id,
        shard=header.shard,
        num_shards=header.num_shards,
        records=records,
        class_names=_class_names(texts[0], header, where),
        names=Names(texts[1], records["name_end"].astype(np.int64)),
        changes=_decode(texts[2], where),
        left_out=_ended_by_zero(content[stop:], 104, where),
    )


def _check_checksum(content: bytes, where: str) -> None:
    stored = int.from_bytes(content[12:16], "little")
    if (actual := zlib.crc32(memoryview(content)[CHECKED_FROM:])) != stored:
        problem = f"the index has the checksum {actual:08x}, its header says {stored:08x}"
        raise damaged(where, CHECKED_FROM, problem)


def _check_records(records: NDArray[np.void], header: Header, where: str) -> None:
    """Every field in its range, images in order and apart, the last one ending the file."""
    if not len(records):
        if header.name_bytes:
            raise damaged(where, 88, "names without samples")
        return
    offset, length = records["offset"], records["length"].astype(np.uint64)
    name_end = records["name_end"].astype(np.int64)
    most = np.uint64(header.file_bytes)
    _expect(offset % ALIGNMENT == 0, "offset", records, where)
    _expect((length > 0) & (length <= MAX_SAMPLE_BYTES), "length", records, where)
    # In this order: offset <= file length first, so that adding the length cannot wrap around.
    _expect((offset <= most) & (offset >= header.index_bytes), "offset", records, where)
    _expect(offset + length <= most, "length", records, where)
    _expect(np.append(True, offset[1:] >= (offset + length)[:-1]), "offset", records, where)
    _expect(records["label"] < header.num_classes, "label", records, where)
    for side in ("height", "width"):
        values = records[side]
        _expect((values > 0) & (values <= _MOST_PIXELS), side, records, where)
    _expect(np.diff(name_end, prepend=0) >= 0, "name_end", records, where)
    _expect(name_end <= header.name_bytes, "name_end", records, where)
    _expect(records["changed"] <= 1, "changed", records, where)
    _check_ends(records[-1], header, where)


def _check_ends(last: np.void, header: Header, where: str) -> None:
    if int(last["offset"]) + int(last["length"]) != header.file_bytes:
        raise damaged(where, header.file_bytes, "the last image does not end the file")
    if int(last["name_end"]) != header.name_bytes:
        raise damaged(where, 88, "the last name does not end the names")


def _expect(right: NDArray[np.bool_], field: str, records: NDArray[np.void], where: str) -> None:
    if right.all():
        return
    row = int(np.argmin(right))
    position = HEADER.size + row * RECORD.itemsize + RECORD.fields[field][1]  # type: ignore[index]  # it has fields
    raise damaged(where, position, f"sample {row} has the {field} {records[field][row]}")


def _class_names(text: bytes, header: Header, where: str) -> tuple[bytes, ...]:
    names = _ended_by_zero(text, 80, where)
    if len(names) != header.num_classes:
        raise damaged(where, 76, f"{len(names)} class names for {header.num_classes} classes")
    return names


def _ended_by_zero(text: bytes, offset: int, where: str) -> tuple[bytes, ...]:
    *names, rest = text.split(b"\0")
    if rest:
        raise damaged(where, offset, "a list of names that no zero byte ends")
    return tuple(names)


def _decode(text: bytes, where: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise damaged(where, HEADER.size, f"a text is not UTF-8: {error.reason}") from error
