"""Locks that let one process at a time write in a folder."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bsgrow.errors import InputError
from bsgrow.files.atomic import naming
from bsgrow.files.regular import open_own, opened_regular

LOCK_FILE: Final = ".lock"
"""The name of the file that is locked; it is empty, and stays."""

_POLL_SECONDS = 0.1


@contextmanager
def locked(folder: Path, doing: str, option: str, *, seconds: float = 0.0) -> Iterator[None]:
    """Keeps other processes out of a folder; freed when this one ends, however it does.

    Args:
        folder: it exists.
        doing: what both do there, for the message, e.g. "training".
        option: how the user names another folder, for the hint.
        seconds: for which a process that is there is waited for.

    Raises:
        InputError: another process is there, or the file to lock is a link or no regular file.
        BsgrowError: the folder cannot be written.
    """
    path = folder / LOCK_FILE
    with naming(path, "lock"):
        descriptor = open_own(path, os.O_RDWR | os.O_CREAT)
    try:
        with naming(path, "lock"):
            _lock(descriptor, folder, doing, option, time.monotonic() + seconds)
        yield
    finally:
        os.close(descriptor)


def is_locked(folder: Path) -> bool:
    """Return whether a process keeps others out of a folder at this moment."""
    try:
        with opened_regular(folder / LOCK_FILE, follow_link=False) as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no such file, or none that ``locked`` takes: nobody is there
        return False
    return False


def _lock(descriptor: int, folder: Path, doing: str, option: str, deadline: float) -> None:
    while not _is_taken(descriptor):
        if time.monotonic() >= deadline:
            raise InputError(
                f"{folder}: another process is {doing} there",
                hint=f"wait for it, or name another directory with {option}",
            )
        time.sleep(_POLL_SECONDS)


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
