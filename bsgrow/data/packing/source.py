"""What is packed: a whole data set or one split of it, told by what lies in the folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bsgrow.data.encoded.layouts import find_layout, tell_what_is_beside
from bsgrow.data.encoded.opening import check_same_classes, held_out_classes
from bsgrow.data.encoded.spec import LAYOUTS
from bsgrow.data.encoded.split_folders import (
    TEST_FOLDERS,
    TRAIN_FOLDER,
    held_out_folder,
    is_data_set,
)
from bsgrow.data.packing.plan import SourceSplit
from bsgrow.data.parquet.files import holds_parquet
from bsgrow.data.parquet.split import open_splits
from bsgrow.errors import InputError
from bsgrow.text.printable import printable


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
    if path.name.lower().endswith(".npz"):
        raise InputError(
            f"{printable(path)}: holds arrays, which are read into memory at once",
            hint="train on it as it is: --set data.name=npz --data FILE",
        )
    if holds_parquet(path):
        return _open_parquet(path)
    if is_data_set(path):
        return _open_data_set(path)
    split = open_images(path, _layout_of(path))
    return [SplitToPack("", split, split.class_names)]


def _open_data_set(path: Path) -> list[SplitToPack]:
    _require_held_out(path)
    test_path = held_out_folder(path)
    layout = _layout_of(path / TRAIN_FOLDER)
    train = open_images(path / TRAIN_FOLDER, layout)
    test = open_images(test_path, _layout_of(test_path))
    tell_what_is_beside(path, (TRAIN_FOLDER, test_path.name))
    check_same_classes(path, train.class_names, held_out_classes(LAYOUTS[layout], train, test))
    return [
        SplitToPack(TRAIN_FOLDER, train, train.class_names),
        SplitToPack(test_path.name, test, train.class_names),
    ]


def _open_parquet(path: Path) -> list[SplitToPack]:
    files, train, test = open_splits(path)
    if test is None:
        return [SplitToPack("", train, train.class_names)]
    test_folder = files.test_name if files.test_name in TEST_FOLDERS else TEST_FOLDERS[0]
    return [
        SplitToPack(TRAIN_FOLDER, train, train.class_names),
        SplitToPack(test_folder, test, test.class_names),
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


def _layout_of(folder: Path) -> str:
    layout = find_layout(folder)
    if layout == "shards":
        raise InputError(
            f"{printable(folder)} holds packed shards already",
            hint="pack from the images that they were made of",
        )
    return layout


def open_images(folder: Path, layout: str) -> SourceSplit:
    """Opens one split of tars or class folders.

    Args:
        folder: of the split.
        layout: ``"webdataset"`` or ``"folder"``, as `find_layout` says.

    Raises:
        InputError: it is not in that layout, or a sample in it lacks a part.
        DamagedError: a tar is damaged.
    """
    split = LAYOUTS[layout].open_split(folder)
    return cast("SourceSplit", split)  # all but shards are, which know no lengths of files
