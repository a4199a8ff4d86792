"""Which runs a folder holds that a user names: itself, or those some levels below."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from bsgrow.errors import InputError
from bsgrow.files.lock import LOCK_FILE
from bsgrow.text.printable import printable
from bsgrow.training.run_directory import RunDirectory

_DEPTH = 3  # an experiment keeps a run in ARM/SEED, and a sweep may be in a folder more


def runs_in(folders: Sequence[Path]) -> list[Path]:
    """Return the runs that are named, those below a folder in the order of their names.

    An empty folder is a run that has not begun.

    Raises:
        InputError: a folder is not there, or holds neither a run nor folders with one.
    """
    return [path for folder in folders for path in _of(folder)]


def _of(folder: Path) -> list[Path]:
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "is not there"
        raise InputError(f"{printable(folder)} {what}", hint="name the folder of a run")
    if RunDirectory(folder).is_begun() or not _holds_more_than_a_lock(folder):
        return [folder]
    patterns = ("/".join(["*"] * depth) + "/recipe.toml" for depth in range(1, _DEPTH + 1))
    found = sorted(path.parent for path in chain.from_iterable(map(folder.glob, patterns)))
    if not found:
        raise InputError(
            f"{printable(folder)} holds no run: neither it nor a folder below has a recipe.toml",
            hint="name the folder of a run, which --out of `bsgrow train` is",
        )
    return found


def _holds_more_than_a_lock(folder: Path) -> bool:
    return any(path.name != LOCK_FILE for path in folder.iterdir())
