"""A named data set of encoded images: in which layout it lies, and whether it is whole."""

from pathlib import Path

from bsgrow.data.encoded.dataset import EncodedDataset
from bsgrow.data.encoded.layouts import find_layout
from bsgrow.data.encoded.opening import load_encoded
from bsgrow.data.encoded.spec import NamedEncodedSpec
from bsgrow.data.encoded.split_folders import find_splits
from bsgrow.data.user_path import existing_folder
from bsgrow.errors import InputError
from bsgrow.text.printable import printable


def open_named(spec: NamedEncodedSpec, path: Path | None) -> EncodedDataset:
    """Opens a named data set, in whichever layout it is: lists and checks it, reads no image.

    Args:
        spec: what the data set holds.
        path: holds ``train/``, and ``val/`` or ``test/``: shards, tars or image folders.

    Raises:
        InputError: no path, a folder is missing, or it holds other counts than the data set.
        BsgrowError: an index is damaged or cannot be read.
    """
    if path is None:
        raise InputError(
            f"data.name = {spec.name!r}: data.path is not set, and bsgrow cannot download it",
            hint="set data.path to a folder with train/ and val/ in it, each with a folder a "
            "class, or with the shards that `bsgrow data pack` makes of that",
        )
    dataset = load_encoded(find_layout(find_splits(existing_folder(path), None)[0]), path)
    _check_whole(spec, dataset, path)
    return dataset


def _check_whole(spec: NamedEncodedSpec, dataset: EncodedDataset, path: Path) -> None:
    wanted = (spec.num_samples, spec.num_test_samples, spec.num_classes)
    found = (dataset.num_samples, len(dataset.test), dataset.num_classes)
    if found != wanted:
        raise InputError(
            f"data.path = {printable(path)}: holds {_counts(*found)}, and {spec.name} is "
            f"{_counts(*wanted)}",
            hint="for a part or another set: --set data.name=folder, or shards or webdataset",
        )


def _counts(num_train: int, num_test: int, num_classes: int) -> str:
    return f"{num_train} training and {num_test} held-out images in {num_classes} classes"
