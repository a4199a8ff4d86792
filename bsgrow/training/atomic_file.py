"""Files that are either whole or not there, whenever the process or the machine stops."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from bsgrow.errors import BsgrowError

TEMPORARY_SUFFIX = ".tmp"


@contextmanager
def naming(path: Path, action: str) -> Iterator[None]:
    """Turn an operating-system error into a BsgrowError that names the path and the reason.

    Args:
        path: the file or folder that is being worked on.
        action: completes "cannot …", e.g. "write".
    """
    try:
        yield
    except OSError as error:
        raise BsgrowError(
            f"cannot {action} {path}: {error.strerror or error}",
            hint="make room or correct the permissions, then run the same command again",
        ) from error


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file under a temporary name beside it, then rename it over the old one.

    The bytes are on the disk before the rename, and the rename before this returns. A stale
    temporary file of an earlier, killed attempt is overwritten. One writer at a time.

    Args:
        path: the file; its folder exists.
        write: writes the content to the stream it is given.

    Raises:
        BsgrowError: if the disk is full, the folder read-only, …; the old file is then untouched.
    """
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    with naming(path, "write"):
        try:
            with temporary.open("wb") as stream:
                write(stream)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
            fsync_folder(path.parent)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def fsync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk; renaming a file changes only its folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
