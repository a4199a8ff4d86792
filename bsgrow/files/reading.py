"""Reading exactly so many bytes: every way in which a file can fail, as one kind of error."""

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from bsgrow.errors import BsgrowError
from bsgrow.files.gunzip import MAGIC, Gunzip
from bsgrow.files.regular import open_regular
from bsgrow.text.printable import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

_READ_ERRORS = (OSError, EOFError, zlib.error)

_CHUNK = 1 << 20


class Readable(Protocol):
    """A source that gives its bytes in order."""

    def read(self, num_bytes: int, /) -> bytes:
        """Read so many bytes, or fewer."""


def damaged(where: str, offset: int, found: str, expected: str) -> BsgrowError:
    """The error for a file whose content is wrong at byte `offset`."""
    return BsgrowError(
        f"{where}: {found} at byte {offset}; expected {expected}",
        hint="the file is damaged or is another one; replace it with a fresh copy",
    )


@contextmanager
def open_binary(path: Path) -> Iterator[BinaryIO]:
    """Opens a regular file for reading.

    Raises:
        BsgrowError: it is missing, a directory, a pipe, a device, or may not be read.
    """
    try:
        descriptor = open_regular(path)
    except OSError as error:
        reason = error.strerror or error
        raise BsgrowError(
            f"{printable(path)}: cannot be opened: {reason}",
            hint="data.path leads to regular files, or links to such, that may be read",
        ) from error
    with os.fdopen(descriptor, "rb") as source:
        yield source


def check_readable(path: Path) -> None:
    """Raises BsgrowError as `open_binary` does; reads nothing."""
    with open_binary(path):
        pass


@contextmanager
def open_maybe_gzip(path: Path, num_bytes: int) -> Iterator[tuple[Readable, str]]:
    """Opens a file that may be gzipped, told by its first two bytes and not by its name.

    Args:
        path: a regular file.
        num_bytes: the most that its content should have. What the content has more is not refused
            here, and not read either, unless the caller reads it.

    Yields:
        The content, and how to call it in an error.

    Raises:
        BsgrowError: as `open_binary`; or the file is far longer than that, packed or not.
    """
    where = printable(path)
    with open_binary(path) as raw:
        _check_length(raw, num_bytes, where)
        start = read_up_to(raw, len(MAGIC), where, 0)
        raw.seek(0)
        if start == MAGIC:
            yield Gunzip(raw), f"{where} (decompressed)"
        else:
            yield raw, where


def _check_length(raw: BinaryIO, num_bytes: int, where: str) -> None:
    """Packed, what cannot be packed grows by a thousandth, and each member has some bytes more."""
    most, found = num_bytes + num_bytes // 16 + (1 << 20), os.fstat(raw.fileno()).st_size
    if found > most:
        raise damaged(where, most, f"more data, of {found} bytes in all,", f"at most {most} bytes")


def read_up_to(source: Readable, size: int, where: str, offset: int) -> bytes:
    """Reads `size` bytes, or fewer at the end of the source; `offset` is for the message.

    Raises:
        BsgrowError: the source is damaged or cannot be read.
    """
    content = b""
    try:
        while len(content) < size and (more := source.read(size - len(content))):
            content += more
        return content
    except _READ_ERRORS as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise damaged(
            where, offset + len(content), f"reading failed ({reason})", "readable data"
        ) from error


def read_into(source: Readable, array: "NDArray[Any]", where: str, offset: int) -> None:
    """Fills a C-contiguous array, holding no more than one chunk of bytes beside it.

    Raises:
        BsgrowError: the source ends too early, is damaged, or cannot be read.
    """
    target = array.reshape(-1).view("uint8").data
    position = 0
    while position < target.nbytes:
        chunk = read_up_to(source, min(_CHUNK, target.nbytes - position), where, offset + position)
        if not chunk:
            missing = target.nbytes - position
            raise damaged(where, offset + position, "the data end", f"{missing} more bytes")
        target[position : position + len(chunk)] = chunk
        position += len(chunk)


def expect_end(source: Readable, where: str, offset: int) -> None:
    """Checks that nothing follows; at the end of a gzip file this also checks its CRC.

    Raises:
        BsgrowError: there is more, or the source is damaged.
    """
    if read_up_to(source, 1, where, offset):
        raise damaged(where, offset, "more data", "the end of the file")
