"""Encoded images taken out of parquet once, to be read at random: one file in the cache.

A parquet file has its images in pages, compressed, of hundreds of samples: to read one of them is
to read them all. What is taken out is their bytes one after the other, then the end of each as a
little-endian int64. Its name follows from the files, their lengths and when they were changed.
"""

import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.arrays.fetch import CACHE_VARIABLE, cache_dir
from bsgrow.data.encoded.names import first_names
from bsgrow.data.parquet.columns import images_of, look_at, opened
from bsgrow.errors import BsgrowError
from bsgrow.files.atomic import naming, write_atomically
from bsgrow.files.lock import locked
from bsgrow.text.printable import printable

_IF_FULL = f"make room, or name another folder by {CACHE_VARIABLE}"
_ANOTHER = f"name another folder by {CACHE_VARIABLE} in the environment"
_SECONDS_TO_WAIT = 24 * 3600.0  # for another process that takes images out
_log = logging.getLogger(__name__)


def extract(paths: Sequence[Path], num_samples: int) -> tuple[Path, NDArray[np.int64]]:
    """Take the images out of the files of a split, if that was not done before.

    Args:
        paths: in order.
        num_samples: in all of them.

    Returns:
        The file that holds them, and int64 [N] with the end of each; one that is null is empty.

    Raises:
        DamagedError: a file is damaged.
        BsgrowError: the cache cannot be written.
    """
    folder = cache_dir("parquet")
    target = folder / f"{_digest(paths)}.images"
    ends = _read_ends(target, num_samples)
    if ends is None:
        _make(folder)
        with locked(folder, "taking images out", CACHE_VARIABLE, seconds=_SECONDS_TO_WAIT):
            ends = _read_ends(target, num_samples)  # another process may have
            if ends is None:
                ends = _write(paths, num_samples, target)
    return target, ends


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BsgrowError(
            f"cannot make {printable(folder)}, where images are taken out to: {error.strerror}",
            hint=_ANOTHER,
        ) from error


def _digest(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with naming(path, "read"):
            found = path.stat()
        state = (os.fsencode(path.resolve()), found.st_size, found.st_mtime_ns)
        digest.update(repr(state).encode())
    return digest.hexdigest()[:32]


def _read_ends(target: Path, num_samples: int) -> NDArray[np.int64] | None:
    """The ends of the images in a file; None where it is not there, or not whole."""
    try:
        with target.open("rb") as file:
            length = os.fstat(file.fileno()).st_size - 8 * num_samples
            if length < 0:
                return None
            file.seek(length)
            ends = np.frombuffer(file.read(), "<i8").astype(np.int64)
    except OSError:
        return None
    sizes = np.diff(ends, prepend=0)
    is_whole = len(ends) == num_samples and (sizes >= 0).all() and ends[-1:].sum() == length
    return ends if is_whole else None


def _write(paths: Sequence[Path], num_samples: int, target: Path) -> NDArray[np.int64]:
    _log.warning(
        "%s: taking %d images out of %s into %s, once, as parquet is not read at random",
        *(printable(paths[0].parent), num_samples),
        *(first_names([path.name for path in paths], 1), printable(target)),
    )
    ends = np.zeros(num_samples, np.int64)

    def write(file: BinaryIO) -> None:
        done = end = 0
        for path in paths:
            for sizes, content in _images_in(path):
                file.write(content)
                ends[done : done + len(sizes)] = end + np.cumsum(sizes)
                done, end = done + len(sizes), end + len(content)
        if done != num_samples:
            raise BsgrowError(
                f"{printable(paths[0].parent)}: {done} images and {num_samples} labels",
                hint="replace the files with fresh copies",
            )
        file.write(ends.astype("<i8").tobytes())

    write_atomically(target, write, _IF_FULL)
    return ends


def _images_in(path: Path) -> Any:
    """Yield lengths of images, 0 for null, and their bytes one after the other."""
    with opened(path) as (file, arrow):
        columns = look_at(file, arrow, printable(path))
        for images in images_of(file, arrow, columns):
            _, raw_ends, content = images.buffers()
            bounds = np.frombuffer(raw_ends, np.int64)[images.offset :][: len(images) + 1]
            sizes = np.diff(bounds)
            if images.null_count:  # what a null leaves in the buffer is not its own
                sizes = np.where(images.is_valid().to_numpy(zero_copy_only=False), sizes, 0)
                yield sizes, b"".join(value or b"" for value in images.to_pylist())
            else:
                yield sizes, memoryview(content or b"")[bounds[0] : bounds[-1]]
