"""Which parquet files make which split, told by their names alone, as Hugging Face writes them."""

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bsgrow.data.encoded.names import first_names
from bsgrow.data.folder.listing import scan
from bsgrow.data.user_path import expand_user, searching
from bsgrow.errors import InputError
from bsgrow.text.printable import printable

_SUFFIX = ".parquet"
_INSIDE = "data"  # where the repositories of data sets have them
_SPLIT = re.compile(r"(train|validation|valid|val|test)(?:[-_.].*)?\.parquet", re.IGNORECASE)
_PART = re.compile(r"(.*)-(\d{1,9})-of-(\d{1,9})\.parquet")
_TEST_NAMES = ("validation", "valid", "val", "test")  # a test split may have no labels
_LAYOUT = "a folder with train-*.parquet, and validation-*.parquet or test-*.parquet"

_log = logging.getLogger(__name__)


class SplitFiles(NamedTuple):
    """The files of each split, by name; no test split where all files are one."""

    train: tuple[Path, ...]
    test: tuple[Path, ...] | None
    test_name: str = ""


def holds_parquet(path: Path) -> bool:
    """Whether a path is a parquet file, or a folder with such in it."""
    if path.is_file():
        return path.name.lower().endswith(_SUFFIX)
    return path.is_dir() and bool(_names(_folder_of(path)))


def find_files(path: Path | None) -> SplitFiles:
    """Find the files of each split.

    Args:
        path: a folder; or one file, which is one split.

    Raises:
        InputError: nothing is there, or parts of a split are missing.
    """
    if path is None:
        raise InputError("data.path is not set", hint=f"set data.path to {_LAYOUT}")
    place = expand_user(path)
    with searching():
        if not place.exists():
            raise InputError(f"data.path = {str(path)!r} does not exist", hint=f"give {_LAYOUT}")
        if not place.is_dir():
            return SplitFiles((place,), None)
        folder = _folder_of(place)
    names = _names(folder)
    if not names:
        raise InputError(f"{printable(place)}: no .parquet files in it", hint=f"give {_LAYOUT}")
    _check_complete(folder, names)
    return _split(folder, names)


def _folder_of(path: Path) -> Path:
    inside = path / _INSIDE
    return inside if not _names(path) and inside.is_dir() else path


def _names(folder: Path) -> list[str]:
    files = (name for name in scan(folder).files if not name.startswith("."))
    return sorted(name for name in files if name.lower().endswith(_SUFFIX))


def _split(folder: Path, names: Sequence[str]) -> SplitFiles:
    of_split: dict[str, list[str]] = {}
    for name in names:
        found = _SPLIT.fullmatch(name)
        of_split.setdefault(found[1].lower() if found else "", []).append(name)
    if "train" not in of_split:
        if set(of_split) == {""}:
            return SplitFiles(tuple(folder / name for name in names), None)
        raise InputError(
            f"{printable(folder)}: no train-*.parquet in it, beside {first_names(names)}",
            hint=f"give {_LAYOUT}",
        )
    test_name = next((name for name in _TEST_NAMES if name in of_split), "")
    train, test = of_split.pop("train"), of_split.pop(test_name, [])
    if left := [name for others in of_split.values() for name in others]:
        _log.warning("%s: not taken: %s", printable(folder), first_names(sorted(left)))
    paths, held_out = (tuple(folder / name for name in part) for part in (train, test))
    return SplitFiles(paths, held_out or None, test_name)


def _check_complete(folder: Path, names: Sequence[str]) -> None:
    """Refuse a split of which a part is missing, where names say how many there are."""
    found: dict[tuple[str, int], set[int]] = {}
    for name in names:
        if part := _PART.fullmatch(name):
            found.setdefault((part[1], int(part[3])), set()).add(int(part[2]))
    for (split, total), numbers in found.items():
        if len(numbers) != total or max(numbers) >= total:
            raise InputError(
                f"{printable(folder)}: {len(numbers)} of the {total} files {printable(split)}-*-of-"
                f"{total:05} are there",
                hint="get the others, so that no sample is missing",
            )
