"""What a shard's header and index may say: nothing in them is believed before it was checked."""

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.encoded.dataset import MAX_SAMPLE_BYTES, DamagedError
from bsgrow.data.shards.layout import (
    ALIGNMENT,
    HEADER,
    MAGIC,
    MAX_INDEX_BYTES,
    RECORD,
    VERSION,
    Header,
)

_MOST_PIXELS = 2**31 - 1  # a side, so that sizes fit a signed 32-bit number everywhere
MOST_CLASSES = 1 << 20  # as labels in tars; a model has an output for each
_MOST_NAME_BYTES = 1 << 20  # as in a tar
MOST_TEXT_BYTES = {"class names": 1 << 24, "changes": 1 << 16, "names left out": 1 << 26}


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
    _check_lengths(header, where)
    return header


def _check_lengths(header: Header, where: str) -> None:
    if not HEADER.size <= header.index_bytes == header.expected_index_bytes <= header.file_bytes:
        raise damaged(where, 16, f"an index of {header.index_bytes} bytes does not fit its parts")
    if header.index_bytes > MAX_INDEX_BYTES:
        raise damaged(where, 16, f"an index of {header.index_bytes} bytes is above the most, 1 GiB")
    if header.num_classes > MOST_CLASSES:
        problem = f"{header.num_classes} classes are above the most, {MOST_CLASSES}"
        raise damaged(where, 76, problem)
    for what, length in zip(
        MOST_TEXT_BYTES,
        (header.class_bytes, header.change_bytes, header.left_out_bytes),
        strict=True,
    ):
        if length > (most := MOST_TEXT_BYTES[what]):
            raise damaged(where, 80, f"{length} bytes of {what} are above the most, {most}")


class RecordChecks:
    """Every field in its range, images in order and apart, the last one ending the file.

    Args:
        header: of the shard.
        where: the file, for messages.
    """

    def __init__(self, header: Header, where: str) -> None:
        self._header, self._where = header, where
        self._row, self._stop, self._name_end = 0, header.index_bytes, 0

    def take(self, records: NDArray[np.void]) -> None:
        """Checks the records that follow those that were taken before; at least one.

        Raises:
            ShardError: a field is wrong; names the sample.
        """
        offset, length = records["offset"], records["length"].astype(np.uint64)
        most, name_end = np.uint64(self._header.file_bytes), records["name_end"].astype(np.int64)
        self._expect(offset % ALIGNMENT == 0, "offset", records)
        self._expect((length > 0) & (length <= MAX_SAMPLE_BYTES), "length", records)
        # In this order: offset <= file length first, so that adding the length cannot wrap around.
        self._expect(offset <= most, "offset", records)
        self._expect(offset + length <= most, "length", records)
        stops = np.append(np.uint64(self._stop), offset + length)
        self._expect(offset >= stops[:-1], "offset", records)
        self._expect(records["label"] < self._header.num_classes, "label", records)
        for side in ("height", "width"):
            values = records[side]
            self._expect((values > 0) & (values <= _MOST_PIXELS), side, records)
        name_bytes = np.diff(name_end, prepend=self._name_end)
        self._expect((name_bytes >= 0) & (name_bytes <= _MOST_NAME_BYTES), "name_end", records)
        self._expect(name_end <= self._header.name_bytes, "name_end", records)
        self._expect(records["changed"] <= 1, "changed", records)
        self._row, self._stop = self._row + len(records), int(stops[-1])
        self._name_end = int(name_end[-1])

    def finish(self) -> None:
        """Checks that nothing follows the last of them.

        Raises:
            ShardError: more images or names do.
        """
        if self._row and self._stop != self._header.file_bytes:
            problem = "the last image does not end the file"
            raise damaged(self._where, self._header.file_bytes, problem)
        if self._name_end != self._header.name_bytes:
            problem = (
                "the last name does not end the names" if self._row else "names without samples"
            )
            raise damaged(self._where, 88, problem)

    def _expect(self, right: NDArray[np.bool_], field: str, records: NDArray[np.void]) -> None:
        if right.all():
            return
        first = int(np.argmin(right))
        row, (_, place, *_) = self._row + first, RECORD.fields[field]  # type: ignore[index]  # has fields
        position = HEADER.size + row * RECORD.itemsize + place
        problem = f"sample {row} has the {field} {records[field][first]}"
        raise damaged(self._where, position, problem)


def split_names(text: bytes, what: str, offset: int, where: str) -> tuple[bytes, ...]:
    """Names, each ended by a zero byte.

    Raises:
        ShardError: the last is not, or one is empty: zeros would unfold to a hundred times as much.
    """
    if text and not text.endswith(b"\0"):
        raise damaged(where, offset, f"{what} that no zero byte ends")
    if text.startswith(b"\0") or b"\0\0" in text:
        raise damaged(where, offset, f"an empty name among {what}")
    return tuple(text.split(b"\0")[:-1])
