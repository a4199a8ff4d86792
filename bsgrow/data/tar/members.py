"""A tar read once from front to back, as what unpacks it gives it, within a bound."""

from collections.abc import Iterator
from typing import NoReturn

from bsgrow.data.tar.header import (
    BLOCK,
    FILES,
    LONG_NAME,
    METADATA,
    PAX,
    SPARSE,
    WITHOUT_CONTENT,
    is_intact,
    member_name,
    member_size,
)
from bsgrow.data.tar.overrides import MalformedRecordsError, Overrides
from bsgrow.files.reading import Readable, damaged, read_up_to
from bsgrow.text.printable import printable

_MOST_METADATA = 1 << 20  # of all long names and pax records; a member has a few hundred bytes
_CHUNK = 1 << 20


class TarMembers:
    """The files of a tar, in order; see `bsgrow.data.tar.index` for one that is read at random.

    It holds a chunk, takes at most 1 MiB of metadata in all, and reads at most `most` bytes.

    Args:
        source: the tar, unpacked.
        where: it, for messages.
        most: how many bytes it may have.
    """

    def __init__(self, source: Readable, where: str, most: int) -> None:
        self._source, self._where, self._most = source, where, most
        self._position, self._next, self._metadata = 0, 0, 0

    def members(self) -> Iterator[tuple[bytes, int]]:
        """Name and length of each file, whose content is then to be had by `read`.

        Links, folders and devices are passed over.

        Raises:
            BsgrowError: the tar is damaged, cut short, sparse or too large; says at which byte.
        """
        overrides = Overrides()
        while any(header := self._header()):
            kind, size = header[156], self._size(header, overrides)
            start, name = self._position, overrides.name or member_name(header)
            self._next = start + (0 if kind in WITHOUT_CONTENT else -(-size // BLOCK) * BLOCK)
            if self._next > self._most:
                self._damaged(f"{printable(name)} of {size} bytes", self._in_all())
            if kind in METADATA:
                self._take(kind, size, overrides)
                continue
            if kind in FILES:
                yield name, size
            overrides = Overrides()
            self._skip(self._next - self._position)

    def read(self, num_bytes: int) -> bytes:
        """So many bytes, or fewer where the tar ends, or this member.

        Raises:
            BsgrowError: the source is damaged or cannot be read.
        """
        content = read_up_to(self._source, num_bytes, self._where, self._position)
        self._position += len(content)
        return content

    def read_to_the_end(self) -> None:
        """Reads what follows the last member.

        Raises:
            BsgrowError: it is too much, or damaged.
        """
        while self.read(_CHUNK):
            if self._position > self._most:
                self._damaged("more data", self._in_all())

    def _header(self) -> bytes:
        """The next block; empty where there is none."""
        start = self._position
        header = self.read(BLOCK)
        if 0 < len(header) < BLOCK:
            self._damaged("the data end", "the rest of a header")
        if any(header) and not is_intact(header):
            self._position = start
            self._damaged("no header of a tar, or a damaged one,", "one with its right checksum")
        return header

    def _size(self, header: bytes, overrides: Overrides) -> int:
        kind, size = header[156], member_size(header)
        if kind == SPARSE or (overrides.is_sparse and kind not in METADATA):
            self._damaged("a sparse file", "one that is stored as it is, by `tar` without --sparse")
        if overrides.size is not None and kind not in METADATA:
            size = overrides.size
        if size is None or size < 0:
            self._damaged("a member of no size", "a number of bytes")
        return size

    def _take(self, kind: int, size: int, overrides: Overrides) -> None:
        self._metadata += size
        if self._metadata > _MOST_METADATA:
            self._damaged(f"metadata of {self._metadata} bytes in all", "at most 1 MiB")
        content = self.read(size)
        if len(content) < size:
            self._damaged("the data end", "the rest of a long name or of pax records")
        if kind == LONG_NAME:
            overrides.name = content.split(b"\0", 1)[0]
        try:
            if kind in PAX:
                overrides.take(content)
        except MalformedRecordsError:
            self._damaged("pax records that are malformed", "'length key=value'")
        self._skip(self._next - self._position)

    def _skip(self, num_bytes: int) -> None:
        while num_bytes:
            skipped = len(self.read(min(_CHUNK, num_bytes)))
            if not skipped:
                self._damaged("the data end", f"{num_bytes} more bytes")
            num_bytes -= skipped

    def _in_all(self) -> str:
        return f"at most {self._most} bytes in all"

    def _damaged(self, found: str, expected: str) -> NoReturn:
        raise damaged(self._where, self._position, found, expected)
