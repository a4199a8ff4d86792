"""The IDX format of MNIST (LeCun, Cortes, Burges, "The MNIST database"), read strictly.

Two zero bytes, a byte for the element type, a byte for the number of dimensions, each dimension
as a big-endian 32-bit integer, then the elements in C order and nothing after them.
"""

import math
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bsgrow.files.reading import (
    Readable,
    damaged,
    expect_end,
    open_maybe_gzip,
    read_into,
    read_up_to,
)

_UNSIGNED_BYTE = 0x08


def read_idx(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Reads an IDX file of unsigned bytes, gzipped or not.

    It takes the memory of the array and a few chunks, and reads no further than the byte behind it,
    whatever the file says or unfolds to.

    Args:
        path: the file.
        shape: what its header must say; known beforehand, so that a damaged header cannot ask
            for more memory than the data set has.

    Returns:
        uint8 of `shape`, C-contiguous.

    Raises:
        BsgrowError: the file cannot be read or is not exactly that; names file and offset.
    """
    with open_maybe_gzip(path, 4 + 4 * len(shape) + math.prod(shape)) as (source, where):
        offset = _check_header(source, where, shape)
        array = np.empty(shape, np.uint8)
        read_into(source, array, where, offset)
        expect_end(source, where, offset + array.size)
    return array


def _check_header(source: Readable, where: str, shape: tuple[int, ...]) -> int:
    """Checks magic number and dimensions; returns the offset of the first element."""
    magic = bytes((0, 0, _UNSIGNED_BYTE, len(shape)))
    meaning = f"{magic.hex(' ')} (IDX, unsigned bytes, {len(shape)} dimension(s))"
    found = read_up_to(source, 4, where, 0)
    if found != magic:
        raise damaged(where, 0, f"magic number {found.hex(' ') or 'missing'}", meaning)
    for axis, size in enumerate(shape):
        _check_dimension(source, where, 4 + 4 * axis, size)
    return 4 + 4 * len(shape)


def _check_dimension(source: Readable, where: str, offset: int, size: int) -> None:
    raw = read_up_to(source, 4, where, offset)
    if len(raw) < 4:
        raise damaged(where, offset + len(raw), "the data end", "the rest of the header")
    (found,) = struct.unpack(">I", raw)
    if found != size:
        raise damaged(where, offset, f"dimension {found}", str(size))
