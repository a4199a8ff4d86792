"""The path of a data set as the user wrote it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bsgrow.errors import BsgrowError


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
