"""What lies in a folder, told by names alone: which layout of images it is, and what that leaves.

A split is class folders, tars, or packed shards. Where a recipe does not say which, a folder that
holds two of them is refused, since taking either would lose the other in silence; where it says so,
what is not taken is told, once. What is hidden, by a dot in front, does not count.
"""

import logging
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TypeAlias

from bsgrow.data.encoded.compressed import by_name, quoted
from bsgrow.data.encoded.names import first_names
from bsgrow.data.folder.listing import EXTENSIONS, Listing, scan
from bsgrow.errors import InputError
from bsgrow.text.printable import printable

FOLDERS, FILES = "folders", "files"
IMAGES, TARS, SHARDS = "images", "tars", "packed shards"
OTHER_ARCHIVES = "other archives"
_SAMPLES = (IMAGES, TARS, SHARDS, OTHER_ARCHIVES)
_WORDS = {"folder": "class folders", "webdataset": "tars", "shards": "packed shards"}
_OWN = {"folder": FOLDERS, "webdataset": TARS, "shards": SHARDS}
_MOST_LOOKED_AT = 10_000  # names in a folder, before it is taken for one without samples

Contents: TypeAlias = dict[str, list[str]]
"""The names in a folder that are not hidden, sorted, by kind."""

_log = logging.getLogger(__name__)


def kind_of(name: str) -> str:
    """What a file is by its name."""
    lowered = name.lower()
    if lowered.endswith(".tar") or by_name(name):
        return TARS
    if lowered.endswith(EXTENSIONS):
        return IMAGES
    if lowered.endswith(".bsgrow"):
        return SHARDS
    is_archive = lowered.endswith((".zip", ".7z", ".rar")) or ".tar." in lowered  # x.tar.part
    return OTHER_ARCHIVES if is_archive else FILES


def list_contents(folder: Path) -> Contents:
    """The contents of a folder; raises InputError where it cannot be listed."""
    return contents_of(scan(folder))


def contents_of(listing: Listing) -> Contents:
    """The contents of a folder that was listed."""
    contents: Contents = {kind: [] for kind in (*_SAMPLES, FOLDERS, FILES)}
    for name in listing.files:
        contents[kind_of(name)].append(name)
    for name in listing.folders:  # one that is called a tar is taken for a tar, and refused as one
        contents[TARS if name.endswith(".tar") else FOLDERS].append(name)
    return {
        kind: sorted(name for name in names if not name.startswith("."))
        for kind, names in contents.items()
    }


def find_layout(folder: Path) -> str:
    """The layout of a split whose layout nobody said: a key of `LAYOUTS`.

    Raises:
        InputError: it holds samples in two layouts, or cannot be listed.
    """
    contents = list_contents(folder)
    found = {kind: contents[kind] for kind in (SHARDS, TARS) if contents[kind]}
    if not found:
        return "folder"
    for name in contents[FOLDERS]:
        if kind := peek(folder / name):
            found.setdefault(f"folders of {kind}", []).append(f"{name}/")
    if len(found) > 1:
        raise _two_layouts(folder, found)
    return "shards" if SHARDS in found else "webdataset"


def _two_layouts(folder: Path, found: dict[str, list[str]]) -> InputError:
    parts = [f"{kind} ({first_names(names)})" for kind, names in found.items()]
    movable = found.get(TARS) or found[SHARDS]
    inside = quoted(str(folder / movable[0]))
    if len(movable) > 1:
        inside = f"{quoted(str(folder))}/*.{'tar*' if TARS in found else 'bsgrow'}"
    aside = quoted(f"{folder.resolve().name}-aside")
    return InputError(
        f"{printable(folder)}: holds {' and '.join(parts)}, of which only one can be the samples",
        hint=f"move the other away: `mkdir {aside} && mv {inside} {aside}`",
    )


def peek(folder: Path) -> str | None:
    """The kind of the first sample, or archive of samples, anywhere below a folder; None: none."""
    pending, looked_at = [os.fspath(folder)], 0
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    looked_at += 1
                    if looked_at > _MOST_LOOKED_AT:
                        return None
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    elif (kind := kind_of(entry.name)) in _SAMPLES:
                        return kind
        except OSError:  # one that may not be listed holds nothing that could be taken
            continue
    return None


def tell_what_is_left(folder: Path, layout: str, contents: Contents | None = None) -> None:
    """Warns of what a split does not take: any file beside class folders, else other samples.

    Args:
        folder: of the split.
        layout: that it is read in, a key of `LAYOUTS`.
        contents: of the folder, where it was listed already.
    """
    contents = contents or list_contents(folder)
    kinds = (*_SAMPLES, FILES) if layout == "folder" else _SAMPLES
    left = [name for kind in kinds if kind != _OWN[layout] for name in contents[kind]]
    if layout == "webdataset":
        left += filter(by_name, contents[TARS])
    if layout != "folder":
        left += _with_samples(folder, contents[FOLDERS])
    _tell(folder, f"the {_WORDS[layout]}", left)


def tell_what_is_beside(root: Path, taken: Collection[str]) -> None:
    """Warns of samples in a data set that are in none of the splits that are taken.

    Args:
        root: of the data set.
        taken: names of the splits in it.
    """
    contents = list_contents(root)
    left = [name for kind in _SAMPLES for name in contents[kind]]
    left += _with_samples(root, [name for name in contents[FOLDERS] if name not in taken])
    _tell(root, " and ".join(f"{name}/" for name in taken), left)


def _with_samples(folder: Path, names: Iterable[str]) -> list[str]:
    return [f"{name}/" for name in names if peek(folder / name)]


def _tell(folder: Path, taken: str, left: list[str]) -> None:
    if left:
        _log.warning("%s: not taken, beside %s: %s", printable(folder), taken, first_names(left))
