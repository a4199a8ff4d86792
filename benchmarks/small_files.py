"""Folders and tars of a million small images, made in a minute: what the benchmarks of starts read.

The images are a few hundred JPEGs of 32x32 pixels and about 800 bytes. A folder has them as hard
links, in classes of ImageNet's kind of name; a tar has them as WebDataset does, beside ``.cls``.

    python benchmarks/small_files.py folder|tars PATH NUM_SAMPLES
"""

import argparse
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

NUM_CLASSES = 1000
SIDE = 32  # pixels
_NUM_IMAGES = 400
_BLOCK = 512
_OWNER = b"0000644\0" + 2 * b"0000000\0"
_REST = (b"0" + bytes(100) + b"ustar\x0000").ljust(_BLOCK - 156, b"\0")
_SUM_OF_REST = sum(_REST) + 8 * ord(" ")  # the checksum's own eight bytes count as spaces


def make_folder(path: Path, num_files: int, num_classes: int = NUM_CLASSES) -> Path:
    """Make ``train`` with so many images in classes, and ``val`` with one image a class.

    Args:
        path: of the data set; one that is there is left as it is.
        num_files: in ``train``, at least `num_classes`.
        num_classes: folders.

    Returns:
        `path`.
    """
    with _made_whole(path) as made:
        if made is not None:
            for split, num in (("train", num_files), ("val", num_classes)):
                _link_images(made / split, num, num_classes)
    return path


def make_tars(
    path: Path, num_samples: int, per_tar: int = 10_000, num_classes: int = NUM_CLASSES
) -> Path:
    """Make ``train`` with so many samples in tars, and ``val`` with one sample a class.

    Args:
        path: of the data set; one that is there is left as it is.
        num_samples: in ``train``, at least `num_classes`.
        per_tar: samples in each tar.
        num_classes: labels.

    Returns:
        `path`.
    """
    with _made_whole(path) as made:
        if made is not None:
            for split, num in (("train", num_samples), ("val", num_classes)):
                _write_tars(made / split, num, per_tar, num_classes)
    return path


@contextmanager
def _made_whole(path: Path) -> Iterator[Path | None]:
    """Yield a folder beside `path` that is renamed to it once it is whole; None: it is there."""
    if path.exists():
        yield None
        return
    unfinished = path.with_name(f"{path.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    yield unfinished
    unfinished.rename(path)


def _link_images(folder: Path, num: int, num_classes: int) -> None:
    paths = [f"{folder}/n{k:08d}" for k in range(num_classes)]
    for path in paths:
        Path(path).mkdir(parents=True)
    sources: list[str] = []
    for i in range(num):
        target = f"{paths[i % num_classes]}/n{i % num_classes:08d}_{i}.JPEG"
        if i < _NUM_IMAGES:
            Path(target).write_bytes(_images()[i])
            sources.append(target)
        else:
            os.link(sources[i % _NUM_IMAGES], target)


def _write_tars(folder: Path, num: int, per_tar: int, num_classes: int) -> None:
    folder.mkdir(parents=True)
    for number, start in enumerate(range(0, num, per_tar)):
        with (folder / f"shard-{number:06d}.tar").open("wb", buffering=1 << 20) as tar:
            for i in range(start, min(start + per_tar, num)):
                key = b"n%08d_%d" % (i % num_classes, i)
                tar.write(_member(key + b".cls", b"%d" % (i % num_classes)))
                tar.write(_member(key + b".jpg", _images()[i % _NUM_IMAGES]))
            tar.write(bytes(2 * _BLOCK))


def _member(name: bytes, content: bytes) -> bytes:
    """Return a ustar header, and the content after it."""
    before = b"%b%b%011o\0%011o\0" % (name.ljust(100, b"\0"), _OWNER, len(content), 0)
    checksum = sum(before) + _SUM_OF_REST
    header = b"%b%06o\0 %b" % (before, checksum, _REST)
    return header + content + bytes(-len(content) % _BLOCK)


@cache
def _images() -> tuple[bytes, ...]:
    random = np.random.default_rng(0)
    return tuple(map(_jpeg, random.integers(0, 256, (_NUM_IMAGES, 5, 5, 3), dtype=np.uint8)))


def _jpeg(colours: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(colours).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(stream, "JPEG")
    return stream.getvalue()


def main() -> None:
    """Make what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("layout", choices=("folder", "tars"))
    parser.add_argument("path", type=Path)
    parser.add_argument("num_samples", type=int)
    arguments = parser.parse_args()
    make = make_folder if arguments.layout == "folder" else make_tars
    print(make(arguments.path, arguments.num_samples))


if __name__ == "__main__":
    main()
