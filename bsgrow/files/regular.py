"""Reading regular files alone, and no further than a bound that the reader states.

A file from somebody else may be a pipe that nobody writes to, a device without an end, or larger
than memory: to open and to read it must not take for ever.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

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
    with os.fdopen(open_regular(path, 0 if follow_link else _NO_LINK), "rb") as stream:
        yield stream


def open_regular(path: Path, flags: int = 0) -> int:
    """Open a regular file to read from, and return its descriptor.

    Args:
        path: the file.
        flags: of ``os.open``, further ones.

    Raises:
        OSError: as ``opened_regular``.
    """
    try:
        descriptor = os.open(path, _FLAGS | flags)
    except OSError as error:
        raise _plainer(error, path, flags) from error
    try:
        require_regular(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def require_regular(descriptor: int, path: Path) -> None:
    """Check that an open file is a regular one; raises OSError if it is not."""
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))


def read_regular(path: Path, largest: int, *, follow_link: bool = True) -> bytes:
    """Return the content of a regular file of at most `largest` bytes.

    Raises:
        OSError: as ``opened_regular``, or it is larger.
    """
    with opened_regular(path, follow_link=follow_link) as stream:
        content = stream.read(largest + 1)
    if len(content) > largest:
        raise OSError(errno.EINVAL, f"larger than {largest} bytes", str(path))
    return content


def _plainer(error: OSError, path: Path, flags: int) -> OSError:
    if error.errno == errno.ENXIO:  # a socket, or a device that is not there
        return OSError(errno.EINVAL, "not a regular file", str(path))
    if error.errno == errno.ELOOP and flags & _NO_LINK:
        return OSError(errno.EINVAL, "a symbolic link", str(path))
    return error
