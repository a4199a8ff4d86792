"""Files that are either whole or not there, whenever the process or the machine stops."""

import errno
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from bsgrow.errors import BsgrowError, InputError
from bsgrow.files.regular import UnfitFileError

_TEMPORARY = re.compile(r"(.+)\.[0-9a-f]{16}\.tmp", re.DOTALL)

IF_FULL = "make room on the disk"
"""The hint where there is no room left."""


@contextmanager
def naming(path: Path, action: str, if_full: str = IF_FULL) -> Iterator[None]:
    """Turn an operating-system error into a BsgrowError that names the path and the reason.

    A file that is refused for what it is, such as a link, is an InputError.

    Args:
        path: the file or folder that is being worked on.
        action: completes "cannot …", e.g. "write".
        if_full: the hint where there is no room left.
    """
    try:
        yield
    except UnfitFileError as error:
        raise InputError(f"cannot {action} {path}: {error.strerror}", error.hint) from error
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

    The bytes are on the disk before the rename, and the rename before this returns. The temporary
    name cannot be guessed, and is never one that is there; nor is a link in the file's place
    followed. What an earlier, killed attempt at the same file left is removed. One writer at a
    time.

    Args:
        path: the file; its folder exists.
        write: writes the content to the open file it is given.
        if_full: the hint where there is no room left.

    Raises:
        InputError: what stands there is a device, a pipe or a socket, which no rename may replace.
        BsgrowError: if the disk is full, the folder read-only, …; the old file is then untouched.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
    with naming(path, "write", if_full):
        _require_replaceable(path)
        remove_temporaries(path.parent, path.name.__eq__)
        try:
            with temporary.open("xb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            fsync_folder(path.parent)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _require_replaceable(path: Path) -> None:
    with suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode)):
            raise UnfitFileError("not a regular file", path, "name a file")


def temporary_of(name: str) -> str | None:
    """Return the name of the file that ``write_atomically`` names so until it is whole, or None."""
    found = _TEMPORARY.fullmatch(name)
    return found and found[1]


def remove_temporaries(folder: Path, belongs: Callable[[str], object]) -> None:
    """Remove what killed attempts to write files left in a folder.

    Args:
        folder: it exists, and nobody else writes these files.
        belongs: told the name of the file that was to be written; says whether it is of interest.

    Raises:
        OSError: the folder cannot be read, or one cannot be removed.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            name = temporary_of(entry.name)
            if name is not None and belongs(name) and not entry.is_dir(follow_symlinks=False):
                Path(entry).unlink(missing_ok=True)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write one JSON object, indented, as ``write_atomically`` does."""
    text = json.dumps(value, indent=2) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def fsync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk; renaming a file changes only its folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
