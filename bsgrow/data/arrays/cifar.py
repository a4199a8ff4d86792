"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009): where they are found, and their figures.

Addresses: www.cs.toronto.edu/~kriz/cifar.html, which gives MD5 sums. Lengths and SHA-256: those of
TensorFlow Datasets 4.9.10 (url_checksums/cifar10.txt and cifar100.txt) for the same addresses.
"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bsgrow.data.arrays import class_names
from bsgrow.data.arrays.cifar_layout import Layout, check_folder
from bsgrow.data.arrays.fetch import RemoteFile, fetch
from bsgrow.data.spec import ArraySpec
from bsgrow.errors import InputError
from bsgrow.files.reading import check_readable

if TYPE_CHECKING:
    from bsgrow.data.arrays.dataset import ArraySplit

_OFFICIAL = "https://www.cs.toronto.edu/~kriz"

LAYOUT_10 = Layout(
    archive=RemoteFile(
        f"{_OFFICIAL}/cifar-10-binary.tar.gz",
        170_052_171,
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    ),
    folder="cifar-10-batches-bin",
    train_files=tuple((f"data_batch_{number}.bin", 10_000) for number in range(1, 6)),
    test_file=("test_batch.bin", 10_000),
    label_limits=(10,),
)
LAYOUT_100 = Layout(
    archive=RemoteFile(
        f"{_OFFICIAL}/cifar-100-binary.tar.gz",
        168_513_733,
        "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    ),
    folder="cifar-100-binary",
    train_files=(("train.bin", 50_000),),
    test_file=("test.bin", 10_000),
    label_limits=(20, 100),
)


def load_cifar(
    path: Path | None, *, download: bool, name: str, layout: Layout
) -> "tuple[ArraySplit, ArraySplit]":
    """Reads one of the two sets.

    Args:
        path: the archive; or a folder with the batch files, with the archive's own folder, or
            with the archive. None: the archive in the cache.
        download: whether the archive may be downloaded into the cache if it is not there.
        name: the data set's name, which is its folder in the cache.
        layout: how its files are laid out.

    Returns:
        The training and the test split; CIFAR-100 with its fine labels.

    Raises:
        InputError: nothing of that is at `path`, or a batch file is missing.
        BsgrowError: a file is damaged, or the download failed.
    """
    from bsgrow.data.arrays.cifar_binary import (  # late: planning needs neither
        read_archive,
        read_folder,
    )

    if path is None:
        folder = fetch(name, [layout.archive], download=download)
        return read_archive(layout, folder / layout.archive.name)
    found = find_files(path, layout=layout)
    return read_folder(layout, found) if found.is_dir() else read_archive(layout, found)


def find_files(path: Path, *, layout: Layout) -> Path:
    """The archive or the folder of batch files that a path leads to; reads none of it.

    Raises:
        InputError: nothing of that is there, or a batch file is missing.
        BsgrowError: it cannot be read, or is no regular file.
    """
    for folder in (path, path / layout.folder):
        if any((folder / file_name).exists() for file_name in layout.file_names):
            check_folder(layout, folder)
            return folder
    archive = path / layout.archive.name if path.is_dir() else path
    if not archive.exists():
        raise _nothing_at(path, layout)
    check_readable(archive)
    return archive


def _nothing_at(path: Path, layout: Layout) -> InputError:
    if not path.exists():
        return InputError(
            f"data.path = {str(path)!r} does not exist",
            hint=f"give {layout.archive.name} or the folder that it was unpacked to",
        )
    files = ", ".join(layout.file_names)
    return InputError(
        f"data.path = {str(path)!r} holds neither {files} nor {layout.folder} "
        f"nor {layout.archive.name}",
        hint=f"needed is the binary version, not the Python one: {layout.archive.url}",
    )


# Mean and std over all training pixels of a channel: for CIFAR-10 as in
# github.com/KellerJordan/cifar10-airbench (four digits), for CIFAR-100 as in
# github.com/weiaicunzai/pytorch-cifar100. (0.2023, 0.1994, 0.2010), often seen, is not the
# standard deviation of all pixels but the mean of the deviations inside each image.
CIFAR10 = ArraySpec(
    name="cifar10",
    description="colour photographs of 32x32 pixels, 10 classes",
    num_samples=50_000,
    num_test_samples=10_000,
    num_classes=10,
    usual_shape=(3, 32, 32),
    mean=(0.49140, 0.48216, 0.44653),
    std=(0.24703, 0.24349, 0.26159),
    class_names=class_names.CIFAR10,
    load=partial(load_cifar, name="cifar10", layout=LAYOUT_10),
    check_path=partial(find_files, layout=LAYOUT_10),
)
CIFAR100 = ArraySpec(
    name="cifar100",
    description="colour photographs of 32x32 pixels, 100 classes",
    num_samples=50_000,
    num_test_samples=10_000,
    num_classes=100,
    usual_shape=(3, 32, 32),
    mean=(0.50708, 0.48655, 0.44092),
    std=(0.26733, 0.25644, 0.27615),
    class_names=class_names.CIFAR100,
    load=partial(load_cifar, name="cifar100", layout=LAYOUT_100),
    check_path=partial(find_files, layout=LAYOUT_100),
)
