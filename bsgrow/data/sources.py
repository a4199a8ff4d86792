"""The encoded data sets that a recipe can name: a layout on disk each, found below `data.path`."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bsgrow.data.encoded import EncodedDataset
from bsgrow.data.held_out import ClassedSplit, hold_out
from bsgrow.data.image_folder import ImageFolderSplit
from bsgrow.data.layouts import tell_what_is_beside
from bsgrow.data.shards import open_shards
from bsgrow.data.split_folders import LAYOUT, find_splits
from bsgrow.data.webdataset import WebDatasetSplit
from bsgrow.errors import BsgrowError, InputError, did_you_mean
from bsgrow.text.printable import printable


@dataclass(frozen=True)
class EncodedSpec:
    """A layout of encoded images.

    Args:
        name: what ``data.name`` in a recipe says.
        description: one line for people.
        open: reads what is needed of one split, given its folder.
        names_classes: whether it says how many classes there are; else the largest label does.
    """

    name: str
    description: str
    open: Callable[[Path], ClassedSplit]
    names_classes: bool = True


_SPECS = (
    EncodedSpec(
        "folder",
        "images at data.path, one directory a class",
        open=ImageFolderSplit,
    ),
    EncodedSpec(
        "shards",
        "packed images at data.path, by bsgrow data pack",
        open=open_shards,
    ),
    EncodedSpec(
        "webdataset",
        "tars at data.path, key.jpg beside key.cls",
        open=WebDatasetSplit,
        names_classes=False,
    ),
)

ENCODED: Mapping[str, EncodedSpec] = MappingProxyType({spec.name: spec for spec in _SPECS})


def load_encoded(
    name: str, path: Path | None, test_fraction: float | None = None
) -> EncodedDataset:
    """Opens a data set of encoded images: lists and checks it, reads no image.

    Args:
        name: a key of `ENCODED`.
        path: holds ``train/``, and ``val/`` or ``test/``; or one split, where a fraction is given.
        test_fraction: how much of one split is held out; see `bsgrow.data.held_out`.

    Raises:
        InputError: no path, a split is missing or there twice, or they do not fit each other.
        BsgrowError: an index is damaged or cannot be read.
    """
    spec, root = _find(name), existing_folder(path)
    with _searching():
        train_folder, test_folder = find_splits(root, test_fraction)
    train = spec.open(train_folder)
    if test_folder is None:
        assert test_fraction is not None
        if train_folder != root:
            tell_what_is_beside(root, (train_folder.name,))
        parts = hold_out(train, test_fraction, printable(train_folder))
        return EncodedDataset(name, *parts, train.class_names)
    test = spec.open(test_folder)
    tell_what_is_beside(root, (train_folder.name, test_folder.name))
    check_same_classes(root, train.class_names, held_out_classes(spec, train, test))
    return EncodedDataset(name, train, test, train.class_names)


def held_out_classes(spec: EncodedSpec, train: ClassedSplit, test: ClassedSplit) -> tuple[str, ...]:
    """The classes of the held-out split; without names they are the training split's, or more."""
    if spec.names_classes or len(test.class_names) > len(train.class_names):
        return test.class_names
    return train.class_names


def _find(name: str) -> EncodedSpec:
    if name in ENCODED:
        return ENCODED[name]
    message = f"data.name = {name!r}: no such layout of encoded images"
    raise InputError(message, hint=did_you_mean(name, ENCODED))


def existing_folder(path: Path | None) -> Path:
    """The data set's folder, ``~`` expanded.

    Raises:
        InputError: none is given, or it is not there.
        BsgrowError: the system refuses to look.
    """
    if path is None:
        raise InputError("data.path is not set", hint=f"set data.path to {LAYOUT}")
    folder = expand_user(path)
    with _searching():
        if folder.is_dir():
            return folder
        problem = "is not a folder" if folder.exists() else "does not exist"
    raise InputError(f"data.path = {str(path)!r} {problem}", hint=f"give {LAYOUT}")


@contextmanager
def _searching() -> Iterator[None]:
    """Names what the system refuses: a folder that may not be searched, a name too long."""
    try:
        yield
    except OSError as error:
        raise BsgrowError(f"data.path: {error}", hint="check that it may be read") from error


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
