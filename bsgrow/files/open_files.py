"""Many large files read at random from many threads, with a bounded number of them open."""

import os
import sys
from collections.abc import Sequence
from functools import lru_cache, partial

from bsgrow.files.regular import open_regular

_MOST_OPEN = 256
"""Of one set; a quarter of what the process may have open, often 1 024, where that is less.
An open file stays readable when it is removed."""


class _OpenFile:
    """A descriptor, closed with the last reference: never under a thread that still reads."""

    def __init__(self, path: str) -> None:
        self.descriptor = open_regular(path)

    def __del__(self) -> None:
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)


def _open(paths: Sequence[str], number: int) -> _OpenFile:
    return _OpenFile(paths[number])


def _most_open() -> int:
    if sys.platform == "win32":  # has no such limit, and no such module
        return _MOST_OPEN
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_OPEN if limit == resource.RLIM_INFINITY else max(1, min(_MOST_OPEN, limit // 4))


class OpenFiles:
    """Files by number, opened when first read from; thread-safe, and usable after a fork.

    Args:
        paths: the files.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._get = lru_cache(_most_open())(partial(_open, paths))

    def read(self, number: int, offset: int, num_bytes: int) -> bytes:
        """`num_bytes` bytes from `offset` of a file, or fewer where it ends before.

        Not through a memory map: a file that is cut short, or a disk that returns an error, would
        end the process by SIGBUS; here it is an error like any other.

        Raises:
            OSError: the system cannot read them.
        """
        file = self._get(number)
        return read_at(file.descriptor, num_bytes, offset)


def read_at(descriptor: int, num_bytes: int, offset: int) -> bytes:
    """`num_bytes` bytes from `offset` of an open file, or fewer where it ends before.

    Raises:
        OSError: the system cannot read them.
    """
    content = os.pread(descriptor, num_bytes, offset)
    if len(content) == num_bytes or not content:
        return content
    return content + read_at(descriptor, num_bytes - len(content), offset + len(content))
