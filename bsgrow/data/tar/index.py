"""Where the members of a tar are, from its headers alone.

Formats: POSIX.1-2017 pax and ustar (pubs.opengroup.org, "pax"), GNU tar's long names and base-256
numbers (its manual, "Basic Tar Format"), and what was written before either. Sparse members are
refused, and so is what would lose members: see `bsgrow.data.tar.end`. The standard library reads
the formats too, in more than three times as long.
"""

import os
from collections.abc import Iterator
from typing import NamedTuple

from bsgrow.data.encoded.compressed import Compression, by_magic, quoted
from bsgrow.data.encoded.dataset import DamagedError
from bsgrow.data.tar.end import first_data, is_explained
from bsgrow.data.tar.header import (
    BLOCK,
    FILES,
    FOLDER,
    LONG_LINK,
    LONG_NAME,
    METADATA,
    PAX,
    PAX_GLOBAL,
    SPARSE,
    UNNAMED,
    WITHOUT_CONTENT,
    describe,
    is_intact,
    member_name,
    member_size,
)
from bsgrow.data.tar.overrides import MalformedRecordsError, Overrides, of_every_member
from bsgrow.files.open_files import read_at
from bsgrow.text.printable import printable

_WINDOW = 8 * BLOCK  # a small member and the header after it come with one read
_MOST_METADATA = 1 << 20  # of a long name or of pax records; GNU tar writes a few hundred bytes
_MUCH_METADATA = 1 << 12
_MOST_IN_ALL = 1 << 30  # of all that is much
_FRESH = "replace the tar with a fresh copy"


class Member(NamedTuple):
    """A member of a tar that is no folder.

    Args:
        name: as it is stored.
        offset: of its content.
        num_bytes: of its content.
        other: what it is, where it is no file with its content, such as ``"a hard link"``.
    """

    name: bytes
    offset: int
    num_bytes: int
    other: str = ""


class TarReader:
    """One tar, read at random.

    Args:
        descriptor: of the open file.
        path: for messages.

    Attributes:
        descriptor: as given.
        num_bytes: length of the file.
        member_start: where the latest member begins: at its metadata, if it has any.
    """

    def __init__(self, descriptor: int, path: str) -> None:
        self.descriptor = descriptor
        self._path = path
        self._where = printable(path)
        self.num_bytes = os.fstat(descriptor).st_size
        self._window, self._start = b"", 0
        self.member_start = 0
        self._num_metadata = 0

    def members(self, start: int = 0) -> Iterator[Member]:
        """All but the folders, in order, to the end of the file.

        Args:
            start: where a member begins.

        Raises:
            DamagedError: the tar is damaged, cut short, compressed, or goes on behind its end; says
                at which byte.
        """
        position, overrides = start, Overrides()
        while any(header := self.read(position, BLOCK, "a header")):
            if not overrides.is_pending:
                start = position
            kind, size = self._kind_and_size(header, position, overrides)
            content, follows = position + BLOCK, 0 if kind in WITHOUT_CONTENT else size
            if content + follows > self.num_bytes:
                problem = f"the file ends, {content + follows - self.num_bytes} bytes too early"
                raise self.damaged(self.num_bytes, problem)
            if kind in METADATA:
                self._read_metadata(kind, content, size, overrides)
            else:
                name, self.member_start = overrides.name or member_name(header), start
                if kind in FILES:
                    yield Member(name, content, size)
                elif kind not in UNNAMED:
                    yield Member(name, content, 0, describe(kind))
                if overrides.is_pending:
                    overrides = Overrides()
            position = content + -(-follows // BLOCK) * BLOCK
        self._check_end(position, overrides)

    def read(self, offset: int, num_bytes: int, what: str) -> bytes:
        """Part of the file, through a window of a few blocks.

        Raises:
            DamagedError: the file ends before, or the system cannot read it.
        """
        start = offset - self._start
        if start < 0 or start + num_bytes > len(self._window):
            try:
                content = read_at(self.descriptor, max(num_bytes, _WINDOW), offset)
            except OSError as error:
                raise self._unreadable(offset, error) from error
            self._window, self._start, start = content, offset, 0
        part = self._window[start : start + num_bytes]
        if len(part) < num_bytes:
            raise self._cut_short(offset + len(part), what)
        return part

    def damaged(self, offset: int, problem: str, hint: str | None = None) -> DamagedError:
        """The error for what is wrong at byte `offset`."""
        return DamagedError(
            f"{self._where} at byte {offset}",
            problem,
            hint=hint or f"{_FRESH}; this checks one: `tar -tf {quoted(self._path)}`",
        )

    def _unreadable(self, offset: int, error: OSError) -> DamagedError:
        return self.damaged(offset, f"cannot be read: {error.strerror or error}")

    def _cut_short(self, end: int, what: str) -> DamagedError:
        if end < BLOCK and (way := by_magic(self._window)):
            return self._compressed(way)
        hint = None
        if end and not end % BLOCK:
            hint = f"{_FRESH}; if nothing is missing, {self._ended_at(end)}"
        problem = f"the file ends in place of {what}: it was cut short"
        return self.damaged(min(end, self.num_bytes), problem, hint)

    def _compressed(self, way: Compression) -> DamagedError:
        path = quoted(self._path)
        packed = quoted(self._path + way.suffix)
        return self.damaged(
            0,
            f"compressed by {way.name}, though it is not called {way.suffix}",
            hint=f"samples are read at random, so unpack it: `mv {path} {packed} && "
            f"{way.command} {packed}`",
        )

    def _ended_at(self, position: int) -> str:
        return f"end it there: `truncate --size={position + 2 * BLOCK} {quoted(self._path)}`"

    def _kind_and_size(self, header: bytes, position: int, overrides: Overrides) -> tuple[int, int]:
        if not is_intact(header):
            if position == 0 and (way := by_magic(header)):
                raise self._compressed(way)
            problem = "not a tar header, or a damaged one: its checksum is wrong"
            raise self.damaged(position, problem)
        kind, size = header[156], member_size(header)
        if kind == SPARSE or (overrides.is_sparse and kind not in METADATA):
            raise self._sparse(overrides.name or member_name(header), position)
        if overrides.size is not None and kind not in METADATA:
            size = overrides.size
        if size is None or size < 0:
            what = "not a number" if size is None else "below 0"
            raise self.damaged(position + 124, f"the size of a member is {what}")
        if kind == 0 and (overrides.name or member_name(header)).endswith(b"/"):
            kind = FOLDER  # how tar wrote a folder before POSIX
        return kind, size

    def _sparse(self, name: bytes, position: int) -> DamagedError:
        return self.damaged(
            position,
            f"{printable(name)} is a sparse file, which is not supported",
            hint="pack the files again with `tar -cf`, without --sparse",
        )

    def _read_metadata(self, kind: int, offset: int, size: int, overrides: Overrides) -> None:
        if size > _MOST_METADATA:
            raise self.damaged(offset, f"{size} bytes of metadata are above 1 MiB")
        if size > _MUCH_METADATA:
            self._count_metadata(size, offset)
        overrides.is_pending = overrides.is_pending or kind != PAX_GLOBAL
        if kind == LONG_LINK:  # nobody asks where it leads
            return
        content = self.read(offset, size, "metadata")
        if kind == LONG_NAME:
            overrides.name = content.split(b"\0", 1)[0]
        try:
            if kind in PAX:
                overrides.take(content)
            key = of_every_member(content) if kind == PAX_GLOBAL else None
        except MalformedRecordsError:
            problem = "pax records that are not 'length key=value'"
            raise self.damaged(offset, problem) from None
        if key:
            problem = f"a pax record that gives all members the same {printable(key)}"
            raise self.damaged(offset, problem)

    def _count_metadata(self, num_bytes: int, offset: int) -> None:
        self._num_metadata += num_bytes
        if self._num_metadata > _MOST_IN_ALL:
            problem = "long names and records of more than 4 KiB are above 1 GiB in all"
            raise self.damaged(offset, problem)

    def _check_end(self, position: int, overrides: Overrides) -> None:
        """Refuses an end behind which members are, or may have been."""
        if overrides.is_pending:
            raise self.damaged(position, "zeros in place of the member of a long name or records")
        try:
            data = first_data(self.descriptor, position)
        except OSError as error:
            raise self._unreadable(position, error) from error
        if data is not None:
            raise self._goes_on(position, data)
        if not is_explained(position, self.num_bytes):
            problem = (
                f"{self.num_bytes - position} zeros up to the end of the file, more than end a "
                "tar: what was there is lost, or the file was padded"
            )
            hint = f"{_FRESH}; if nothing is missing, {self._ended_at(position)}"
            raise self.damaged(position, problem, hint)

    def _goes_on(self, position: int, data: int) -> DamagedError:
        problem = (
            f"zeros, which end a tar, but data follows at byte {data}: archives that were joined, "
            "or one with a hole"
        )
        return self.damaged(position, problem, f"{_FRESH}{self._parted_at(data)}")

    def _parted_at(self, data: int) -> str:
        """How to take joined archives apart, where one could begin at byte `data`."""
        if data + BLOCK > self.num_bytes or not is_intact(self.read(data, BLOCK, "a header")):
            return ""
        path, rest = self._path, self._path.removesuffix(".tar") + f"-from-{data}.tar"
        return (
            f"; if archives were joined, part them: `tail --bytes=+{data + 1} {quoted(path)} > "
            f"{quoted(rest)} && truncate --size={data} {quoted(path)}`"
        )
