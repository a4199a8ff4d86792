"""The encoded data sets that a recipe can name: a layout on disk each, found below `data.path`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from bsgrow.data.encoded import EncodedDataset, EncodedSplit
from bsgrow.data.image_folder import ImageFolderSplit
from bsgrow.data.layouts import tell_what_is_beside
from bsgrow.data.names import printable
from bsgrow.data.shards import count_samples, open_shards
from bsgrow.data.webdataset import WebDatasetSplit
from bsgrow.errors import BsgrowError, InputError, did_you_mean

TRAIN_FOLDER = "train"
TEST_FOLDERS = ("val", "test")  # ImageNet's test has no labels, so val comes first
_LAYOUT = f"a folder with {TRAIN_FOLDER}/ and {TEST_FOLDERS[0]}/ in it"


class ClassedSplit(EncodedSplit, Protocol):
    """A split that knows the names of its classes."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """A name for each label, in order."""


@dataclass(frozen=True)
class EncodedSpec:
    """A layout of encoded images.

    Args:
        name: what ``data.name`` in a recipe says.
        description: one line for people.
        open: reads what is needed of one split, given its folder.
        count: the number of samples in the folder of a split, as cheaply as it can be had.
        names_classes: whether it says how many classes there are; else the largest label does.
    """

    name: str
    description: str
    open: Callable[[Path], ClassedSplit]
    count: Callable[[Path], int]
    names_classes: bool = True


_SPECS = (
    EncodedSpec(
        "folder",
        "images at data.path, one directory a class",
        open=ImageFolderSplit,
        count=lambda folder: len(ImageFolderSplit(folder)),
    ),
    EncodedSpec(
        "shards",
        "packed images at data.path, by bsgrow data pack",
        open=open_shards,
        count=count_samples,
    ),
    EncodedSpec(
        "webdataset",
        "tars at data.path, key.jpg beside key.cls",
        open=WebDatasetSplit,
        count=lambda folder: len(WebDatasetSplit(folder)),
        names_classes=False,
    ),
)

ENCODED: Mapping[str, EncodedSpec] = MappingProxyType({spec.name: spec for spec in _SPECS})


def load_encoded(name: str, path: Path | None) -> EncodedDataset:
    """Opens a data set of encoded images: lists and checks it, reads no image.

    Args:
        name: a key of `ENCODED`.
        path: holds ``train/``, and ``val/`` or ``test/``.

    Raises:
        InputError: no path, one of the folders is missing, or the splits do not fit each other.
        BsgrowError: an index is damaged or cannot be read.
    """
    spec = _find(name)
    root = existing_folder(path)
    train, test = spec.open(root / TRAIN_FOLDER), spec.open(held_out_folder(root))
    _tell_what_is_beside(root)
    check_same_classes(root, train.class_names, held_out_classes(spec, train, test))
    return EncodedDataset(name, train, test, train.class_names)


def held_out_classes(spec: EncodedSpec, train: ClassedSplit, test: ClassedSplit) -> tuple[str, ...]:
    """The classes of the held-out split; without names they are the training split's, or more."""
    if spec.names_classes or len(test.class_names) > len(train.class_names):
        return test.class_names
    return train.class_names


def count_encoded(name: str, path: Path | None) -> int:
    """N, the number of training samples of a data set of encoded images.

    Raises:
        InputError, BsgrowError: as `load_encoded`.
    """
    root = existing_folder(path)
    count = _find(name).count(root / TRAIN_FOLDER)
    _tell_what_is_beside(root)
    return count


def _tell_what_is_beside(root: Path) -> None:
    held_out = [name for name in TEST_FOLDERS if (root / name).is_dir()][:1]
    tell_what_is_beside(root, (TRAIN_FOLDER, *held_out))


def _find(name: str) -> EncodedSpec:
    if name in ENCODED:
        return ENCODED[name]
    message = f"data.name = {name!r}: no such layout of encoded images"
    raise InputError(message, hint=did_you_mean(name, ENCODED))


def existing_folder(path: Path | None) -> Path:
    """The data set's folder, ``~`` expanded.

    Raises:
        InputError: none is given, or it does not hold a training split.
        BsgrowError: the system refuses to look.
    """
    if path is None:
        raise InputError("data.path is not set", hint=f"set data.path to {_LAYOUT}")
    try:
        return _with_training_split(expand_user(path), path)
    except OSError as error:  # a folder that may not be searched, a name too long
        raise BsgrowError(f"data.path: {error}", hint="check that it may be read") from error


def _with_training_split(folder: Path, path: Path) -> Path:
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "does not exist"
        raise InputError(f"data.path = {str(path)!r} {problem}", hint=f"give {_LAYOUT}")
    if not (folder / TRAIN_FOLDER).is_dir():
        message = f"data.path = {str(path)!r} has no folder {TRAIN_FOLDER}"
        raise InputError(message, hint=f"give {_LAYOUT}")
    return folder


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
        hint=f"put the held-out images into {root / TEST_FOLDERS[0]}",
    )


def check_same_classes(root: Path, train: tuple[str, ...], test: tuple[str, ...]) -> None:
    """Refuses splits whose labels would not mean the same.

    Raises:
        InputError: the class names differ; says which are in one split only.
    """
    if train == test:
        return
    pairs = (("training", {*train} - {*test}), ("held-out", {*test} - {*train}))
    parts = [f"only in the {split} split: {_first(names)}" for split, names in pairs if names]
    raise InputError(
        f"{printable(root)}: the splits have other classes; "
        + ("; ".join(parts) or "the same ones in another order"),
        hint="both splits need the same classes, so that a label means the same in both",
    )


def _first(names: set[str], limit: int = 10) -> str:
    shown = ", ".join(map(printable, sorted(names)[:limit]))
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown


def expand_user(path: Path) -> Path:
    """Expands ``~``, which a shell leaves alone after ``=``; an unknown user stays as written."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path
