"""The path of a data set as the user wrote it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bsgrow.errors import BsgrowError, InputError

LAYOUT = "a folder with train/ and val/ in it"


def expand_user(path: Path) -> Path:
    """Expands ``~``, which a shell leaves alone after ``=``; an unknown user stays as written."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


@contextmanager
def searching() -> Iterator[None]:
    """Names what the system refuses: a folder that may not be searched, a name too long."""
    try:
        yield
    except OSError as error:
        raise BsgrowError(f"data.path: {error}", hint="check that it may be read") from error


def existing_folder(path: Path | None) -> Path:
    """The data set's folder, ``~`` expanded.

    Raises:
        InputError: none is given, or it is not there.
        BsgrowError: the system refuses to look.
    """
    if path is None:
        raise InputError("data.path is not set", hint=f"set data.path to {LAYOUT}, as --data does")
    folder = expand_user(path)
    with searching():
        if folder.is_dir():
            return folder
        problem = "is not a folder" if folder.exists() else "does not exist"
    raise InputError(f"data.path = {str(path)!r} {problem}", hint=f"give {LAYOUT}")
