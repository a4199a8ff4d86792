"""Where the splits of a data set lie: in folders of their own, or both in one."""

import os
from pathlib import Path

from bsgrow.data.encoded.layouts import SHARDS, TARS, kind_of
from bsgrow.data.user_path import LAYOUT
from bsgrow.errors import InputError
from bsgrow.text.printable import printable

TRAIN_FOLDER = "train"
TEST_FOLDERS = ("val", "test")  # ImageNet's test has no labels, so val comes first
HOLD_OUT = "hold a part of one folder out with --set data.test_fraction=0.1"


def find_splits(root: Path, test_fraction: float | None) -> tuple[Path, Path | None]:
    """The folder of the training split, and that of the held-out one.

    Args:
        root: a folder that is there.
        test_fraction: how much of one folder is held out, where both splits lie in it.

    Returns:
        Two folders; or one and None, where a part of it is to be held out.

    Raises:
        InputError: a split is missing, or the held-out one is there twice.
    """
    if test_fraction is None:
        return _training_folder(root), held_out_folder(root)
    if not is_data_set(root):
        return root, None
    for name in TEST_FOLDERS:
        if (root / name).is_dir():
            raise InputError(
                f"data.test_fraction = {test_fraction}: {printable(root)} holds {name}/, which is "
                "held out already",
                hint="leave data.test_fraction out, or give one folder of class folders",
            )
    return root / TRAIN_FOLDER, None


def _training_folder(root: Path) -> Path:
    if not (root / TRAIN_FOLDER).is_dir():
        message = f"data.path = {str(root)!r} has no folder {TRAIN_FOLDER}"
        raise InputError(message, hint=f"give {LAYOUT}, or {HOLD_OUT}")
    return root / TRAIN_FOLDER


def held_out_folder(root: Path) -> Path:
    """The folder of the held-out split: ``val``, or else ``test``.

    Raises:
        InputError: there is neither.
    """
    for name in TEST_FOLDERS:
        if (root / name).is_dir():
            return root / name
    raise InputError(
        f"{printable(root)}: neither {' nor '.join(TEST_FOLDERS)} is there, to evaluate on",
        hint=f"put the held-out images into {root / TEST_FOLDERS[0]}, or {HOLD_OUT}",
    )


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


def _listed(folder: Path) -> list[str]:
    """The names in a folder.

    Raises:
        InputError: it cannot be listed.
    """
    try:
        return os.listdir(folder)  # noqa: PTH208 - names only
    except OSError as error:
        raise InputError(
            f"{printable(folder)}: cannot be listed: {error.strerror}",
            hint="SOURCE is an image folder or a folder of WebDataset tars",
        ) from error
