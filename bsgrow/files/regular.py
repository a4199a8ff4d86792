"""Regular files alone: read no further than a stated bound, and written through no link.

A file from somebody else may be a pipe that nobody writes to, a device without an end, or larger
than memory: to open and to read it must not take for ever. In a folder from somebody else, a name
that this program writes to may lead to another file, which must stay as it is.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bsgrow.text.command import argument, quoted


class UnfitFileError(OSError):
    """A file that is not opened, or not read, for what it is; nothing in it was changed.

    Args:
        reason: what it is, e.g. "a symbolic link".
        path: the file.
        hint: what to do about one that stands where this program keeps a file of its own.
    """

    def __init__(self, reason: str, path: Path, hint: str | None = None) -> None:
        super().__init__(errno.EINVAL, reason, str(path))
        self.hint = hint


# To open a pipe waits for who writes to it without this; regular files are read as ever.
_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


@contextmanager
def opened_regular(path: Path, *, follow_link: bool = True) -> Iterator[BinaryIO]:
    """Open a regular file to read bytes from.

    Args:
        path: the file.
        follow_link: whether `path` may be a symbolic link to it; its folder always may.

    Raises:
        OSError: it cannot be opened, or is a folder, a pipe, a device, a socket, or such a link.
    """
    with os.fdopen(open_regular(path, 0 if follow_link else _NO_LINK), "rb") as file:
        yield file


def open_regular(path: Path | str | bytes, flags: int = 0) -> int:
    """Open a regular file to read from, and return its descriptor.

    Args:
        path: the file.
        flags: of ``os.open``, further ones.

    Raises:
        OSError: as ``opened_regular``.
    """
    try:
        descriptor = os.open(path, _FLAGS | flags, 0o666)
    except OSError as error:
        raise _plainer(error, Path(os.fsdecode(path)), flags) from error
    try:
        require_regular(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def open_own(path: Path, flags: int) -> int:
    """Open a file that this program keeps, to write to it, and return its descriptor.

    It is a regular file, has this one name alone, and is not reached through a link of its own, so
    that no other file is written. Nothing is truncated.

    Args:
        path: the file; its folder may be a link.
        flags: of ``os.open``: how it is written to, and whether it is made.

    Raises:
        OSError: as ``opened_regular``, or it has other names.
    """
    descriptor = open_regular(path, _NO_LINK | flags)
    try:
        _require_one_name(os.fstat(descriptor), path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def require_own(path: Path, *, one_name: bool) -> None:
    """Check, without opening it, that what is at a path is a regular file, if anything is.

    Args:
        path: the file.
        one_name: whether it must have no other, as one that is written to.

    Raises:
        OSError: it is a link, another kind of file, has another name, or cannot be looked at.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISLNK(found.st_mode):
        raise _a_link(path)
    if not stat.S_ISREG(found.st_mode):
        raise _not_regular(path)
    if one_name:
        _require_one_name(found, path)


def require_regular(descriptor: int, path: Path | str | bytes) -> None:
    """Check that an open file is a regular one; raises OSError if it is not."""
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fsdecode(path))
    if not stat.S_ISREG(mode):
        raise _not_regular(Path(os.fsdecode(path)))


def read_regular(path: Path, largest: int, *, follow_link: bool = True) -> bytes:
    """Return the content of a regular file of at most `largest` bytes.

    Raises:
        OSError: as ``opened_regular``, or it is larger.
    """
    with opened_regular(path, follow_link=follow_link) as file:
        content = file.read(largest + 1) or b""  # None of /proc/kmsg, which waits for more
    if len(content) > largest:
        raise UnfitFileError(f"larger than {largest} bytes", path, _remove(path))
    return content


def _plainer(error: OSError, path: Path, flags: int) -> OSError:
    if error.errno in (errno.ENXIO, errno.EISDIR):  # a socket, no device, or a folder to write to
        return _not_regular(path)
    if error.errno == errno.ELOOP and flags & _NO_LINK:
        return _a_link(path)
    return error


def _not_regular(path: Path) -> UnfitFileError:
    return UnfitFileError("not a regular file", path, _remove(path))


def _a_link(path: Path) -> UnfitFileError:
    return UnfitFileError("a symbolic link", path, _remove(path))


def _require_one_name(found: os.stat_result, path: Path) -> None:
    if found.st_nlink > 1:
        raise UnfitFileError("it has other names too, as hard links", path, _copy(path))


def _remove(path: Path) -> str:
    options = ("-r",) if path.is_dir() and not path.is_symlink() else ()
    return f"remove it: `{quoted('rm', *options, argument(str(path)))}`"


def _copy(path: Path) -> str:
    name, copy = (argument(f"{path}{suffix}") for suffix in ("", ".copy"))
    return f"make it a file of its own: `{quoted('cp', name, copy)} && {quoted('mv', copy, name)}`"
