"""The bytes of an image file, and reading numbers out of them."""

import struct
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bsgrow.images.image_error import ImageError

Encoded: TypeAlias = bytes | bytearray | memoryview
"""The bytes of one image, as a file holds them."""

MAX_PIXELS: Final = 178_956_970
"""Of one image, unless told otherwise: where Pillow refuses what looks like a bomb."""

Levels: TypeAlias = NDArray[np.uint8]
"""Pixels: uint8 ``[height, width]`` where they are grey, else ``[height, width, 3]``."""


def unpack(layout: str, content: Encoded, offset: int) -> tuple[Any, ...]:
    """The numbers (or bytes) at an offset; raises ImageError where the file ends before them."""
    if offset < 0 or offset + struct.calcsize(layout) > len(content):
        raise ImageError("its header is damaged: it points behind the end of the file")
    return struct.unpack_from(layout, content, offset)


def scaled_to_eight_bits(highest: int) -> NDArray[np.uint8]:
    """The level of 0 to 255 for each of 0 to highest, rounded: uint8 ``[highest + 1]``."""
    return ((np.arange(highest + 1) * 510 + highest) // (2 * highest)).astype(np.uint8)


def looked_up(palette: Levels, indices: NDArray[np.integer]) -> Levels:
    """The colours of a palette ``[colours, 3]``; raises ImageError where it has too few."""
    if indices.max() >= len(palette):
        raise ImageError(f"a pixel has colour {indices.max()} of a palette of {len(palette)}")
    return np.take(palette, indices, axis=0)


def require_bytes(content: Encoded, start: int, length: int) -> memoryview:
    """The bytes at an offset; raises ImageError where the file has fewer."""
    part = memoryview(content)[start : start + length]
    if start < 0 or len(part) < length:
        missing = length - len(part)
        raise ImageError(f"pixels are missing: the file ends {missing} bytes before them")
    return part
