"""Reading exactly so many bytes: every way in which a file can fail, as one kind of error."""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bsgrow.errors import BsgrowError

READ_ERRORS = (OSError, EOFError, zlib.error, tarfile.TarError)

Readable: TypeAlias = IO[bytes] | gzip.GzipFile

_CHUNK = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"


def damaged(where: str, offset: int, found: str, expected: str) -> BsgrowError:
    """The error for a file whose content is wrong at byte `offset`."""
    return BsgrowError(
        f"{where}: {found} at byte {offset}; expected {expected}",
        hint="the file is damaged or is another one; replace it with a fresh copy",
    )


@contextmanager
def open_binary(path: Path) -> Iterator[IO[bytes]]:
    """Opens a file for reading.

    Raises:
        BsgrowError: it is missing, a directory, or may not be read.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise BsgrowError(f"{path}: cannot be opened: {error.strerror}") from error
    with stream:
        yield stream


@contextmanager
def open_maybe_gzip(path: Path) -> Iterator[tuple[Readable, str]]:
    """Opens a file that may be gzipped, told by its first two bytes and not by its name.

    Yields:
        The stream of the content, and how to call it in an error.

    Raises:
        BsgrowError: as `open_binary`.
    """
    with open_binary(path) as raw:
        start = read_up_to(raw, len(_GZIP_MAGIC), str(path), 0)
        raw.seek(0)
        if start != _GZIP_MAGIC:
            yield raw, str(path)
            return
        with gzip.GzipFile(fileobj=raw) as unzipped:
            yield unzipped, f"{path} (decompressed)"


def read_up_to(stream: Readable, size: int, where: str, offset: int) -> bytes:
    """Reads `size` bytes, or fewer at the end of the stream; `offset` is for the message.

    Raises:
        BsgrowError: the stream is damaged or cannot be read.
    """
    try:
        return stream.read(size)
    except READ_ERRORS as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise damaged(where, offset, f"reading failed ({reason})", "readable data") from error


def read_into(stream: Readable, array: NDArray[Any], where: str, offset: int) -> None:
    """Fills a C-contiguous array, holding no more than one chunk of bytes beside it.

    Raises:
        BsgrowError: the stream ends too early, is damaged, or cannot be read.
    """
    target = array.reshape(-1).view(np.uint8)
    position = 0
    while position < target.size:
        chunk = read_up_to(stream, min(_CHUNK, target.size - position), where, offset + position)
        if not chunk:
            missing = target.size - position
            raise damaged(where, offset + position, "the data end", f"{missing} more bytes")
        target[position : position + len(chunk)] = np.frombuffer(chunk, np.uint8)
        position += len(chunk)


def expect_end(stream: Readable, where: str, offset: int) -> None:
    """Checks that nothing follows; at the end of a gzip stream this also checks its CRC.

    Raises:
        BsgrowError: there is more, or the stream is damaged.
    """
    if read_up_to(stream, 1, where, offset):
        raise damaged(where, offset, "more data", "the end of the file")
