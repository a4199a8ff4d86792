"""The images of a split's class folders, in torchvision's order.

A folder that holds files alone, named in ASCII, as nearly all do, is listed in C++, several at once
(`bsgrow/list_images.h`); any other as `bsgrow.data.folder.listing` says, which gives the same.
"""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from bsgrow.data.encoded.names import GrowingNames, Names
from bsgrow.data.encoded.tally import Tally
from bsgrow.data.folder.listing import EXTENSIONS, image_paths
from bsgrow.native.extension import extension

_NUM_THREADS = 8  # they wait for the disk or the network
_PER_CALL = 64  # folders, between which Ctrl-C is heard
_ENDINGS = [ending.encode() for ending in EXTENSIONS]


def list_classes(folder: Path, classes: Sequence[str], others: Tally) -> tuple[Names, list[int]]:
    """Lists the folders of classes, each once if files alone are in it.

    Args:
        folder: of the split.
        classes: the names of the folders in it.
        others: told of the files that are not named as images are.

    Returns:
        The paths of the images below `folder`, and how many each class has.

    Raises:
        InputError: a folder cannot be listed, or a link leads back to a folder above itself.
    """
    names, counts = GrowingNames(), []
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for first in range(0, len(classes), _PER_CALL):
            part = classes[first : first + _PER_CALL]
            for name, (is_odd, joined, ends, count, other) in zip(
                part, _list_several(descriptor, part), strict=True
            ):
                if is_odd:
                    counts.append(_add_odd(names, folder, name, others))
                    continue
                names.add(joined, np.frombuffer(ends, np.int64))
                counts.append(len(ends) // 8)
                if count:
                    others.add(f"{name}/{other.decode()}", count)
    finally:
        os.close(descriptor)
    return names.held(), counts


def _list_several(
    descriptor: int, classes: Sequence[str]
) -> list[tuple[bool, bytes, bytes, int, bytes]]:
    return extension.list_images(
        folder=descriptor,
        names=[os.fsencode(name) for name in classes],
        endings=_ENDINGS,
        num_threads=_NUM_THREADS,
    )


def _add_odd(names: GrowingNames, folder: Path, name: str, others: Tally) -> int:
    """Adds the images of a class, whatever is in its folder; returns how many they are."""
    count = 0
    for below, images in image_paths(folder / name, partial(_add_below, others, name)):
        names.add_paths(f"{name}/{below}", images)
        count += len(images)
    return count


def _add_below(others: Tally, folder: str, path: str) -> None:
    others.add(f"{folder}/{path}")
