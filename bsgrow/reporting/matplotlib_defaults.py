"""Matplotlib as it comes: a picture does not depend on what lies in the current folder.

Matplotlib reads a ``matplotlibrc`` there when it is imported, before that of MATPLOTLIBRC and of
the user: a file from anybody, which may ask for LaTeX, be no text, or be a pipe. Its own defaults
stand in a file of that name too, so that it is imported from their folder.
"""

import importlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path


@contextmanager
def _in_folder(path: Path) -> Iterator[None]:
    before = os.open(".", getattr(os, "O_PATH", os.O_RDONLY))
    os.chdir(path)
    try:
        yield
    finally:
        os.fchdir(before)
        os.close(before)


@contextmanager
def _without(name: str) -> Iterator[None]:
    """Leave a variable of the environment out while entered."""
    value = os.environ.pop(name, None)
    try:
        yield
    finally:
        if value is not None:
            os.environ[name] = value


def import_matplotlib() -> None:
    """Import matplotlib with its own defaults, unless it is imported; its warnings go unsaid."""
    if "matplotlib" in sys.modules:
        return
    found = find_spec("matplotlib")
    assert found is not None, "a dependency"
    assert found.origin is not None, "a package"
    logging.getLogger("matplotlib").addHandler(logging.NullHandler())
    with _without("MPLBACKEND"), _in_folder(Path(found.origin).parent / "mpl-data"):
        importlib.import_module("matplotlib")
