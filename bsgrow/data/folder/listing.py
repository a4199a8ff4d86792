"""Listing an image folder in torchvision's order, told of what torchvision passes over in silence.

torchvision (datasets/folder.py, make_dataset) takes a class's files as
``for root, _, files in sorted(os.walk(folder, followlinks=True)): for file in sorted(files)``:
folders in the order of their whole paths, not of the walk. os.walk leaves out folders that may not
be read, and follows a link that leads back until the system gives up; here both are errors. Hidden
folders and images count there, and so they do here.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from bsgrow.data.encoded.names import first_names
from bsgrow.errors import InputError
from bsgrow.text.printable import printable

# torchvision's IMG_EXTENSIONS.
EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


class Listing(NamedTuple):
    """The names in a folder, in no order.

    Args:
        files: and all that is no folder.
        folders: and links to folders.
    """

    files: list[str]
    folders: list[str]


def class_names(folder: Path, listing: Listing) -> list[str]:
    """The sub-directories of a split, sorted: label i is the i-th of them.

    Args:
        folder: for messages.
        listing: of the folder.

    Raises:
        InputError: there is none.
    """
    files, names = listing
    if not names:
        beside = sorted(name for name in files if not name.startswith("."))
        found = f", beside {first_names(beside)}" if beside else ""
        raise InputError(
            f"{printable(folder)}: no class folders in it{found}", hint=_instead(files)
        )
    return sorted(names)


def _instead(files: list[str]) -> str:
    """What to do where there is no class folder, by the files that are there."""
    names = [name.lower() for name in files]
    if any(name.endswith(".bsgrow") for name in names):
        return "packed shards are read with --set data.name=shards"
    if any(name.endswith(".tar") for name in names):
        return "tars are read with --set data.name=webdataset"
    return "an image folder has one directory a class, with the class's images inside"


def image_paths(
    class_folder: Path, on_other: Callable[[str], None] = lambda path: None
) -> Iterator[tuple[str, list[str]]]:
    """The images of a class below its folder, in torchvision's order; every folder is listed once.

    Args:
        class_folder: with folders below it to any depth.
        on_other: told of each file, not hidden, that is not named as an image is.

    Yields:
        A folder with images in it, relative to `class_folder` and with a slash behind it, or empty
        for that itself; and their names.

    Raises:
        InputError: a folder cannot be listed, or a link leads back to a folder above itself.
    """
    top = os.fspath(class_folder)
    for folder, files in sorted(_walk(top)):
        below = os.path.join(folder, "")[len(top) + 1 :]  # noqa: PTH118 - a million times
        files.sort()
        images = [file for file in files if file.lower().endswith(EXTENSIONS)]
        if len(images) < len(files):
            for file in files:
                if not file.lower().endswith(EXTENSIONS) and not file.startswith("."):
                    on_other(below + file)
        if images:
            yield below, images


def _walk(top: str) -> Iterator[tuple[str, list[str]]]:
    """Every folder from `top` down, links followed, with its files."""
    pending = [(top, _Ancestors(top, None))]
    while pending:
        folder, ancestors = pending.pop()
        files, folders = scan(folder)
        yield folder, files
        for name in folders:
            path = os.path.join(folder, name)  # noqa: PTH118 - as above
            pending.append((path, _Ancestors(path, ancestors)))


class _Ancestors:
    """A folder on the way down, linked to the one above; refuses one that is its own ancestor."""

    def __init__(self, path: str, above: "_Ancestors | None") -> None:
        try:
            status = os.stat(path)  # noqa: PTH116 - as above
        except OSError as error:
            raise _unlistable(path, error) from error
        self.identity, self.path, self.above = (status.st_dev, status.st_ino), path, above
        while above is not None:
            if above.identity == self.identity:
                raise InputError(
                    f"{printable(path)}: a link that leads back to {printable(above.path)}, "
                    "so that its images would repeat without end",
                    hint="remove the link",
                )
            above = above.above


def scan(folder: str | Path) -> Listing:
    """Lists a folder; a link to itself, say, is a file: reading it will tell.

    Raises:
        InputError: it cannot be listed.
    """
    listing = Listing([], [])
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    is_folder = entry.is_dir()
                except OSError:
                    is_folder = False
                (listing.folders if is_folder else listing.files).append(entry.name)
    except OSError as error:
        raise _unlistable(os.fspath(folder), error) from error
    return listing


def _unlistable(folder: str, error: OSError) -> InputError:
    return InputError(
        f"{printable(folder)}: cannot be listed: {error.strerror}",
        hint="check that the folder exists and that it may be read",
    )
