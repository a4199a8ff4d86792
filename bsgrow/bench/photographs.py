"""Photographs to decode: cut at run time from those that scikit-learn ships, or the user's own."""

import shutil
from bisect import bisect_left
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bsgrow.data import EncodedDataset
from bsgrow.data.encoded.spec import PHOTOGRAPH_MEAN, PHOTOGRAPH_STD
from bsgrow.data.folder.split import ImageFolderSplit
from bsgrow.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image

HEIGHT, WIDTH = 375, 500  # the mean size of ImageNet's
NUM_BYTES = 49_000
_SUFFIXES = {".jpg", ".jpeg"}
_QUALITIES = range(50, 100)
_NUM_TRIED = 16  # cuts that the quality is chosen by


class Photographs(NamedTuple):
    """JPEG files, one folder a class.

    Attributes:
        folder: holds the folders of the classes.
        files: in order of class and name.
        labels: int64 [N].
        sizes: what they are, in words.
        quality: that they were compressed with, where it is known.
    """

    folder: Path
    files: tuple[Path, ...]
    labels: NDArray[np.int64]
    sizes: str
    quality: int | None = None


def photograph_dataset(
    folder: Path,
    mean: Sequence[float] = PHOTOGRAPH_MEAN,
    std: Sequence[float] = PHOTOGRAPH_STD,
) -> EncodedDataset:
    """Return a folder of photographs as a data set, held out and trained on alike."""
    split = ImageFolderSplit(folder)
    return EncodedDataset("folder", split, split, split.class_names, tuple(mean), tuple(std))


def find_photographs(folder: Path) -> Photographs:
    """Take the JPEG files of a folder that has one folder a class.

    Raises:
        InputError: there is none, or no such folder.
    """
    if not folder.is_dir():
        raise InputError(
            f"--path {folder}: {'is no folder' if folder.exists() else 'there is no such folder'}",
            hint="a folder with one folder of JPEG files for each class",
        )
    files = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in _SUFFIXES)
    if not files:
        raise InputError(
            f"--path {folder}: no JPEG file in a folder of it",
            hint="one folder a class, such as train/cat/1.jpg with --path train",
        )
    classes = {name: index for index, name in enumerate(sorted({p.parent.name for p in files}))}
    labels = np.array([classes[path.parent.name] for path in files], np.int64)
    num_bytes = sum(path.stat().st_size for path in files) // len(files)
    sizes = f"{len(files)} JPEG of {folder.name} ({_kilobytes(num_bytes)})"
    return Photographs(folder, tuple(files), labels, sizes)


def cut_photographs(folder: Path, num_photographs: int, seed: int = 0) -> Photographs:
    """Write cuts of scikit-learn's two photographs as JPEG files of about 49 KB.

    Args:
        folder: an empty one.
        num_photographs: how many, 2 or more.
        seed: of the windows that are cut.

    Raises:
        InputError: they would take over half of the room on the disk.
    """
    _check_room(folder, num_photographs)
    from sklearn.datasets import load_sample_images

    shipped = load_sample_images()
    names = [Path(name).stem for name in shipped.filenames]
    random = np.random.default_rng(seed)
    tried = [_cut(shipped.images[i % len(names)], random) for i in range(_NUM_TRIED)]
    quality = _quality_for(tried, NUM_BYTES)
    for i in range(num_photographs):
        path = folder / names[i % len(names)] / f"{i:05}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(_encode(_cut(shipped.images[i % len(names)], random), quality))
    found = find_photographs(folder)
    mean = sum(path.stat().st_size for path in found.files) // num_photographs
    sizes = f"{WIDTH}x{HEIGHT} JPEG ({_kilobytes(mean)})"
    return found._replace(sizes=sizes, quality=quality)


def _check_room(folder: Path, num_photographs: int) -> None:
    num_bytes, room = num_photographs * NUM_BYTES, shutil.disk_usage(folder).free
    if num_bytes > room // 2:
        raise InputError(
            f"--num-photographs or --batch-sizes {num_photographs}: so many take "
            f"{num_bytes / 1e6:,.1f} MB, over half of what is free in {folder.parent.parent}",
            hint="take fewer, or set TMPDIR to a folder with more room",
        )


def _cut(image: NDArray[np.uint8], random: np.random.Generator) -> "Image":
    from PIL import Image

    top, left = (random.integers(0, n + 1) for n in np.subtract(image.shape[:2], (HEIGHT, WIDTH)))
    window = image[top : top + HEIGHT, left : left + WIDTH]
    return Image.fromarray(window[:, ::-1] if random.integers(2) else window)


def _quality_for(images: Sequence["Image"], num_bytes: int) -> int:
    """The lowest quality at which the files have so many bytes in the mean: size rises with it."""

    def reaches(quality: int) -> bool:
        return sum(len(_encode(each, quality)) for each in images) >= num_bytes * len(images)

    return _QUALITIES[bisect_left(_QUALITIES, True, hi=len(_QUALITIES) - 1, key=reaches)]


def _encode(image: Any, quality: int) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _kilobytes(num_bytes: int) -> str:
    return f"{num_bytes / 1000:.0f} KB"
