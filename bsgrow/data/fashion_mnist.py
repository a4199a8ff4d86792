"""Fashion-MNIST: 28x28 greyscale pictures of clothes, ten classes (arXiv 1708.07747).

Files, address and MD5 sums are those of the README of github.com/zalandoresearch/fashion-mnist.
"""

from pathlib import Path

import numpy as np

from bsgrow.data.dataset import ArraySplit
from bsgrow.data.fetch import RemoteFile, fetch
from bsgrow.data.idx import read_idx
from bsgrow.data.spec import DatasetSpec
from bsgrow.data.streams import damaged
from bsgrow.errors import InputError

# Where Debian's package dataset-fashion-mnist puts the files.
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")

_OFFICIAL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
FILES = (
    RemoteFile(f"{_OFFICIAL}/train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
    RemoteFile(f"{_OFFICIAL}/train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
    RemoteFile(f"{_OFFICIAL}/t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
    RemoteFile(f"{_OFFICIAL}/t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
)
_NUM_TRAIN, _NUM_TEST, _NUM_CLASSES = 60_000, 10_000, 10
_LABELS_OFFSET = 8  # magic number and one dimension


def load_fashion_mnist(path: Path | None, *, download: bool) -> tuple[ArraySplit, ArraySplit]:
    """Reads the four IDX files, each gzipped or not.

    Args:
        path: the folder that holds them. None: Debian's folder, then the cache.
        download: whether they may be downloaded into the cache where neither has them.

    Raises:
        InputError: `path` is no folder or lacks one of the files.
        BsgrowError: a file is damaged, or the download failed.
    """
    folder = _find_folder(download=download) if path is None else path
    check_folder(folder)
    return read_split(folder, "train", _NUM_TRAIN), read_split(folder, "t10k", _NUM_TEST)


def read_split(folder: Path, prefix: str, num_samples: int) -> ArraySplit:
    """Reads images and labels of one split.

    Args:
        folder: where the files are.
        prefix: ``train`` or ``t10k``, how their names begin.
        num_samples: how many images and labels they must hold.

    Raises:
        BsgrowError: a file is missing or damaged; names file and offset.
    """
    images = read_idx(_find(folder, f"{prefix}-images-idx3-ubyte"), (num_samples, 28, 28))
    labels_file = _find(folder, f"{prefix}-labels-idx1-ubyte")
    labels = read_idx(labels_file, (num_samples,))
    for wrong in np.flatnonzero(labels >= _NUM_CLASSES)[:1]:
        found, expected = f"label {labels[wrong]}", f"at most {_NUM_CLASSES - 1}"
        raise damaged(str(labels_file), _LABELS_OFFSET + int(wrong), found, expected)
    return ArraySplit(images[:, np.newaxis], labels.astype(np.int64))


def _find_folder(*, download: bool) -> Path:
    if not _missing(DEBIAN_FOLDER):
        return DEBIAN_FOLDER
    also = ", or install Debian's package dataset-fashion-mnist"
    return fetch("fashion-mnist", FILES, download=download, also=also)


def check_folder(folder: Path) -> None:
    """Raises InputError where one of the four files is not in a folder."""
    if not folder.is_dir():
        raise InputError(
            f"data.path = {str(folder)!r} is not a directory",
            hint="give the directory that holds train-images-idx3-ubyte.gz and its siblings",
        )
    if missing := _missing(folder):
        raise InputError(
            f"data.path = {str(folder)!r} lacks {', '.join(missing)}, with or without .gz",
            hint="give the directory that holds all four IDX files, or leave data.path out",
        )


def _missing(folder: Path) -> list[str]:
    """Names, without .gz, of the files that `folder` has neither plain nor gzipped."""
    names = [file.name.removesuffix(".gz") for file in FILES]
    return [name for name in names if not _find(folder, name).exists()]


def _find(folder: Path, name: str) -> Path:
    plain = folder / name
    return plain if plain.exists() else folder / f"{name}.gz"


# Mean and std: computed from the training split (tests/data/test_fashion_mnist.py does it again).
FASHION_MNIST = DatasetSpec(
    name="fashion-mnist",
    description="pictures of clothes, 28x28 greyscale, a drop-in for MNIST",
    num_samples=_NUM_TRAIN,
    num_test_samples=_NUM_TEST,
    num_classes=_NUM_CLASSES,
    image_shape=(1, 28, 28),
    mean=(0.28604,),
    std=(0.35302,),
    load=load_fashion_mnist,
    check_path=check_folder,
)
