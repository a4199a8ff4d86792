"""YCbCr in a TIFF that is no JPEG; TIFF 6.0, sections 20 and 21.

A clump is the luma of some pixels, row by row, and the one chroma of all of them.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bsgrow.images.encoded import Levels
from bsgrow.images.image_error import ImageError
from bsgrow.images.tiff.directory import TiffTags

_COEFFICIENTS, _SUBSAMPLING, _REFERENCE = 529, 530, 532  # tags
_BT601: Final = [0.299, 0.587, 0.114]
_FULL_RANGE: Final = [0.0, 255.0, 128.0, 255.0, 128.0, 255.0]


def subsampling(tags: TiffTags) -> tuple[int, int]:
    """The pixels across and down that share a chroma; raises ImageError: none that is allowed."""
    across, down = (tags.all(_SUBSAMPLING) or (2, 2))[:2]
    if across not in (1, 2, 4) or down not in (1, 2, 4):
        raise ImageError(f"its header is damaged: its chroma is shared by {across} x {down} pixels")
    return across, down


def from_clumps(rows: Levels, height: int, width: int, shared: tuple[int, int]) -> Levels:
    """Rows of clumps as pixels of Y, Cb and Cr: uint8 ``[height, width, 3]``."""
    across, down = shared
    clumps = rows.reshape(rows.shape[0], -1, across * down + 2)
    blocks = clumps[:, :, :-2].reshape(*clumps.shape[:2], down, across)
    luma = blocks.transpose(0, 2, 1, 3).reshape(rows.shape[0] * down, -1)
    chroma = np.repeat(np.repeat(clumps[:, :, -2:], down, axis=0), across, axis=1)
    return np.dstack([luma, chroma])[:height, :width]


def to_rgb(pixels: Levels, tags: TiffTags) -> Levels:
    """Red, green and blue: uint8 ``[height, width, 3]``."""
    red, green, blue = _or_default(tags.fractions(_COEFFICIENTS), _BT601)
    reference = _or_default(tags.fractions(_REFERENCE), _FULL_RANGE)
    y, cb, cr = (
        _scaled(pixels[:, :, k], reference[2 * k], reference[2 * k + 1], highest)
        for k, highest in enumerate((255, 127, 127))
    )
    r, b = y + cr * (2 - 2 * red), y + cb * (2 - 2 * blue)
    g = (y - blue * b - red * r) / green
    levels: Levels = np.clip(np.rint(np.dstack([r, g, b])), 0, 255).astype(np.uint8)
    return levels


def _or_default(values: list[float], default: list[float]) -> list[float]:
    return values if len(values) == len(default) and all(values[1:2]) else default


def _scaled(codes: Levels, black: float, white: float, highest: int) -> NDArray[np.float32]:
    if white == black:
        raise ImageError("its header is damaged: its black is its white")
    return (codes.astype(np.float32) - np.float32(black)) * np.float32(highest / (white - black))
