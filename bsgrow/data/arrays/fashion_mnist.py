"""Fashion-MNIST: 28x28 greyscale pictures of clothes, ten classes (arXiv 1708.07747).

The files are those in data/fashion of github.com/zalandoresearch/fashion-mnist, at its last commit:
the address in its README has no https. Lengths and SHA-256: those of TensorFlow Datasets 4.9.10
(url_checksums/fashion_mnist.txt) for the address in the README; the labels in the repository were
seen to have them.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from bsgrow.data.arrays import class_names
from bsgrow.data.arrays.fetch import RemoteFile, fetch
from bsgrow.data.spec import ArraySpec
from bsgrow.errors import InputError
from bsgrow.files.reading import check_readable, damaged

if TYPE_CHECKING:
    from bsgrow.data.arrays.dataset import ArraySplit

# Where Debian's package dataset-fashion-mnist puts the files.
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")

_OFFICIAL = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/"
    "b2617bb6d3ffa2e429640350f613e3291e10b141/data/fashion"
)
FILES = (
    RemoteFile(
        f"{_OFFICIAL}/train-images-idx3-ubyte.gz",
        26_421_880,
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    ),
    RemoteFile(
        f"{_OFFICIAL}/train-labels-idx1-ubyte.gz",
        29_515,
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    ),
    RemoteFile(
        f"{_OFFICIAL}/t10k-images-idx3-ubyte.gz",
        4_422_102,
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    ),
    RemoteFile(
        f"{_OFFICIAL}/t10k-labels-idx1-ubyte.gz",
        5_148,
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
)
_NUM_TRAIN, _NUM_TEST, _NUM_CLASSES = 60_000, 10_000, 10
_LABELS_OFFSET = 8  # magic number and one dimension


def load_fashion_mnist(path: Path | None, *, download: bool) -> "tuple[ArraySplit, ArraySplit]":
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


def read_split(folder: Path, prefix: str, num_samples: int) -> "ArraySplit":
    """Reads images and labels of one split.

    Args:
        folder: where the files are.
        prefix: ``train`` or ``t10k``, how their names begin.
        num_samples: how many images and labels they must hold.

    Raises:
        BsgrowError: a file is missing or damaged; names file and offset.
    """
    import numpy as np  # late, as the others: planning needs none

    from bsgrow.data.arrays.dataset import ArraySplit
    from bsgrow.data.arrays.idx import read_idx

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
    """Checks that the four files are in a folder, and may be read; reads none.

    Raises:
        InputError: one is missing.
        BsgrowError: one cannot be read, or is no regular file.
    """
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
    for file in FILES:
        check_readable(_find(folder, file.name.removesuffix(".gz")))


def _missing(folder: Path) -> list[str]:
    """Names, without .gz, of the files that `folder` has neither plain nor gzipped."""
    names = [file.name.removesuffix(".gz") for file in FILES]
    return [name for name in names if not _find(folder, name).exists()]


def _find(folder: Path, name: str) -> Path:
    plain = folder / name
    return plain if plain.exists() else folder / f"{name}.gz"


# Mean and std: those of the training split (tests/data/arrays/test_fashion_mnist.py counts again).
FASHION_MNIST = ArraySpec(
    name="fashion-mnist",
    description="pictures of clothes, 28x28 greyscale, a drop-in for MNIST",
    num_samples=_NUM_TRAIN,
    num_test_samples=_NUM_TEST,
    num_classes=_NUM_CLASSES,
    usual_shape=(1, 28, 28),
    mean=(0.28604,),
    std=(0.35302,),
    class_names=class_names.FASHION_MNIST,
    load=load_fashion_mnist,
    check_path=check_folder,
)
