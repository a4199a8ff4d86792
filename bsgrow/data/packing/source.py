"""What is packed: a whole data set or one split of it, told by what lies in the folder."""

import os
from dataclasses import dataclass
from pathlib import Path

from bsgrow.data.image_folder import ImageFolderSplit
from bsgrow.data.layouts import SHARDS, TARS, find_layout, kind_of, tell_what_is_beside
from bsgrow.data.names import printable
from bsgrow.data.packing.plan import SourceSplit
from bsgrow.data.sources import (
    ENCODED,
    TEST_FOLDERS,
    TRAIN_FOLDER,
    check_same_classes,
    held_out_classes,
    held_out_folder,
)
from bsgrow.data.webdataset import WebDatasetSplit
from bsgrow.errors import InputError


@dataclass(frozen=True, eq=False)
class SplitToPack:
    """One split of the source.

    Args:
        folder: below source and destination; empty where the source is one split.
        source: its samples.
        class_names: of the data set.
    """

    folder: str
    source: SourceSplit
    class_names: tuple[str, ...]


def open_source(path: Path) -> list[SplitToPack]:
    """Lists what is to be packed; reads no image.

    Raises:
        InputError: the folder is not there, holds neither images nor tars, or has no split
            beside ``train/``.
    """
    if is_data_set(path):
        return _open_data_set(path)
    split = _open_split(path)
    return [SplitToPack("", split, split.class_names)]


def is_data_set(path: Path) -> bool:
    """Whether a folder holds splits, and is not one itself that has a class called ``train``.

    It holds splits where ``train/`` is there, and ``val/`` or ``test/`` beside it, or no folder
    beside it, or folders, tars or shards in it, as in a split. What is hidden does not count.

    Raises:
        InputError: a folder cannot be listed.
    """
    folders = {name for name in _shown(path) if (path / name).is_dir()}
    if TRAIN_FOLDER not in folders:
        return False
    if folders == {TRAIN_FOLDER} or folders & {*TEST_FOLDERS}:
        return True
    return _is_split(path / TRAIN_FOLDER)


def _is_split(folder: Path) -> bool:
    names = _shown(folder)
    return any(kind_of(name) in (TARS, SHARDS) or (folder / name).is_dir() for name in names)


def _shown(folder: Path) -> list[str]:
    return [name for name in _listed(folder) if not name.startswith(".")]


def _open_data_set(path: Path) -> list[SplitToPack]:
    _require_held_out(path)
    test_path = held_out_folder(path)
    train, test = _open_split(path / TRAIN_FOLDER), _open_split(test_path)
    spec = ENCODED["webdataset" if isinstance(train, WebDatasetSplit) else "folder"]
    tell_what_is_beside(path, (TRAIN_FOLDER, test_path.name))
    check_same_classes(path, train.class_names, held_out_classes(spec, train, test))
    return [
        SplitToPack(TRAIN_FOLDER, train, train.class_names),
        SplitToPack(test_path.name, test, train.class_names),
    ]


def _require_held_out(path: Path) -> None:
    if any((path / name).is_dir() for name in TEST_FOLDERS):
        return
    missing = " nor ".join(TEST_FOLDERS)
    raise InputError(
        f"{printable(path)}: neither {missing} is there beside {TRAIN_FOLDER}",
        hint=f"call the folder of the held-out images {TEST_FOLDERS[0]}; "
        f"or, to pack one split, give {printable(path / TRAIN_FOLDER)}",
    )


def _open_split(folder: Path) -> SourceSplit:
    layout = find_layout(folder)
    if layout == "shards":
        raise InputError(
            f"{printable(folder)} holds packed shards already",
            hint="pack from the images that they were made of",
        )
    return open_images(folder, layout)


def open_images(folder: Path, layout: str) -> SourceSplit:
    """Opens one split of tars or class folders.

    Args:
        folder: of the split.
        layout: ``"webdataset"`` or ``"folder"``, as `find_layout` says.

    Raises:
        InputError: it is not in that layout, or a sample in it lacks a part.
        DamagedError: a tar is damaged.
    """
    return WebDatasetSplit(folder) if layout == "webdataset" else ImageFolderSplit(folder)


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names only
    except OSError as error:
        raise InputError(
            f"{printable(folder)}: cannot be listed: {error.strerror}",
            hint="SOURCE is an image folder or a folder of WebDataset tars",
        ) from error
