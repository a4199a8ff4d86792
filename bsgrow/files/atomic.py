"""Files that are either whole or not there, whenever the process or the machine stops."""

import errno
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from bsgrow.errors import BsgrowError

TEMPORARY_SUFFIX = ".tmp"

IF_FULL = "make room on the disk"
"""The hint where there is no room left."""


@contextmanager
def naming(path: Path, action: str, if_full: str = IF_FULL) -> Iterator[None]:
    """Turn an operating-system error into a BsgrowError that names the path and the reason.

    Args:
        path: the file or folder that is being worked on.
        action: completes "cannot …", e.g. "write".
        if_full: the hint where there is no room left.
    """
    try:
        yield
    except OSError as error:
        raise BsgrowError(
            f"cannot {action} {path}: {error.strerror or error}",
            hint=_hint(error, if_full),
        ) from error


def _hint(error: OSError, if_full: str) -> str | None:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return if_full
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "correct the permissions, or name another place"
    return None


def write_atomically(
    path: Path, write: Callable[[BinaryIO], object], if_full: str = IF_FULL
) -> None:
    """Write a file under a temporary name beside it, then rename it over the old one.

    The bytes are on the disk before the rename, and the rename before this returns. A stale
    temporary file of an earlier, killed attempt is overwritten. One writer at a time.

    Args:
        path: the file; its folder exists.
        write: writes the content to the stream it is given.
        if_full: the hint where there is no room left.

    Raises:
        BsgrowError: if the disk is full, the folder read-only, …; the old file is then untouched.
    """
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    with naming(path, "write", if_full):
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


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write one JSON object, indented, as ``write_atomically`` does."""
    text = json.dumps(value, indent=2) + "\n"
    write_atomically(path, lambda stream: stream.write(text.encode()))


def fsync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk; renaming a file changes only its folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
