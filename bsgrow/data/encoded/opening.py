"""A data set of encoded images in a known layout, found below `data.path`."""

from pathlib import Path

from bsgrow.data.encoded.dataset import EncodedDataset
from bsgrow.data.encoded.held_out import ClassedSplit, hold_out
from bsgrow.data.encoded.layouts import tell_what_is_beside
from bsgrow.data.encoded.spec import LAYOUTS, LayoutSpec
from bsgrow.data.encoded.split_folders import find_splits
from bsgrow.data.user_path import existing_folder, searching
from bsgrow.errors import InputError
from bsgrow.text.printable import printable


def load_encoded(
    name: str, path: Path | None, test_fraction: float | None = None
) -> EncodedDataset:
    """Opens a data set of encoded images: lists and checks it, reads no image.

    Args:
        name: a key of `LAYOUTS`.
        path: holds ``train/``, and ``val/`` or ``test/``; or one split, where a fraction is given.
        test_fraction: how much of one split is held out; see `bsgrow.data.encoded.held_out`.

    Raises:
        InputError: no path, a split is missing or there twice, or they do not fit each other.
        BsgrowError: an index is damaged or cannot be read.
    """
    spec = LAYOUTS.find(name, f"data.name = {name!r}")
    root = existing_folder(path)
    with searching():
        train_folder, test_folder = find_splits(root, test_fraction)
    train = spec.open_split(train_folder)
    if test_folder is None:
        assert test_fraction is not None
        if train_folder != root:
            tell_what_is_beside(root, (train_folder.name,))
        parts = hold_out(train, test_fraction, printable(train_folder))
        return EncodedDataset(name, *parts, train.class_names)
    test = spec.open_split(test_folder)
    tell_what_is_beside(root, (train_folder.name, test_folder.name))
    check_same_classes(root, train.class_names, held_out_classes(spec, train, test))
    return EncodedDataset(name, train, test, train.class_names)


def held_out_classes(spec: LayoutSpec, train: ClassedSplit, test: ClassedSplit) -> tuple[str, ...]:
    """The classes of the held-out split; without names they are the training split's, or more."""
    if spec.names_classes or len(test.class_names) > len(train.class_names):
        return test.class_names
    return train.class_names


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
