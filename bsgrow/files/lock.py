"""One process at a time in a folder that is written to."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bsgrow.errors import InputError
from bsgrow.files.atomic import naming

LOCK_FILE: Final = ".lock"
"""The name of the file that is locked; it is empty, and stays."""


@contextmanager
def locked(folder: Path, doing: str, option: str) -> Iterator[None]:
    """Keeps other processes out of a folder; freed when this one ends, however it does.

    Args:
        folder: it exists.
        doing: what both do there, for the message, e.g. "training".
        option: how the user names another folder, for the hint.

    Raises:
        InputError: another process is there.
        BsgrowError: the folder cannot be written.
    """
    with naming(folder, "lock"):
        stream = (folder / LOCK_FILE).open("w")
    with stream:
        with naming(folder, "lock"):
            _lock(stream.fileno(), folder, doing, option)
        yield


def is_locked(folder: Path) -> bool:
    """Return whether a process keeps others out of a folder at this moment."""
    try:
        with (folder / LOCK_FILE).open("rb") as stream:
            fcntl.flock(stream.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # no such file: nobody has been there yet
        return False
    return False


def _lock(descriptor: int, folder: Path, doing: str, option: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(
            f"{folder}: another process is {doing} there",
            hint=f"wait for it, or name another directory with {option}",
        ) from error
