"""Images sheared, shifted and turned as Pillow's ``Image.transform`` does, 0 from outside of them.

To the nearest pixel, in its fixed-point arithmetic too, which rounds the same on every device.
"""

import math
from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.loading.augmentations.augmentation import to_device

Matrix = tuple[float, float, float, float, float, float]
"""a to f: what is at (x, y) then was at (a·x + b·y + c, d·x + e·y + f) before. In pixels from the
upper left corner; the middle of a pixel is at a half."""

_FRACTION: Final = 16  # bits after the point


def sheared_x(slope: float, height: int, width: int) -> Matrix:
    """Return what moves rows to the left by a slope times their distance from the upper edge."""
    return (1.0, slope, 0.0, 0.0, 1.0, 0.0)


def sheared_y(slope: float, height: int, width: int) -> Matrix:
    """Return what moves columns up by a slope times their distance from the left edge."""
    return (1.0, 0.0, 0.0, slope, 1.0, 0.0)


def translated_x(part: float, height: int, width: int) -> Matrix:
    """Return what moves an image to the right by a part of its width, cut down to whole pixels."""
    return (1.0, 0.0, -float(int(part * width)), 0.0, 1.0, 0.0)


def translated_y(part: float, height: int, width: int) -> Matrix:
    """Return what moves an image down by a part of its height, cut down to whole pixels."""
    return (1.0, 0.0, 0.0, 0.0, 1.0, -float(int(part * height)))


def rotated(degrees: float, height: int, width: int) -> Matrix:
    """Return what turns an image round its middle, counter-clockwise."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = width / 2, height / 2
    return (
        *(cosine, -sine, x - cosine * x + sine * y),
        *(sine, cosine, y - sine * x - cosine * y),
    )


def moved(
    matrix: Callable[[float, int, int], Matrix], levels: Tensor, magnitudes: NDArray[np.float64]
) -> Tensor:
    """Return images moved by a matrix of each one's magnitude.

    Args:
        matrix: of a magnitude, a height and a width; one of the above.
        levels: uint8 [n, C, H, W].
        magnitudes: float64 [n].
    """
    height, width = levels.shape[2:]
    matrices = (matrix(each, height, width) for each in magnitudes.tolist())
    a, b, c, d, e, f = to_device(_fixed(matrices), levels.device)[:, :, None, None]
    x = torch.arange(width, device=levels.device)
    y = torch.arange(height, device=levels.device)[:, None]
    columns, rows = ((c + a * x) + b * y) >> _FRACTION, ((f + d * x) + e * y) >> _FRACTION
    is_inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    sources = torch.where(is_inside, rows * width + columns, 0).flatten(1)[:, None]
    pixels = levels.flatten(2).gather(2, sources.expand(-1, levels.shape[1], -1))
    return pixels.view_as(levels).masked_fill_(~is_inside[:, None], 0)


def _fixed(matrices: Iterable[Matrix]) -> NDArray[np.int64]:
    """Return matrices of middles of pixels, int64 [6, n], in units of 2**-16."""
    of_middles = [
        (a, b, c + a * 0.5 + b * 0.5, d, e, f + d * 0.5 + e * 0.5) for a, b, c, d, e, f in matrices
    ]
    return np.floor(np.array(of_middles).T * 2**_FRACTION + 0.5).astype(np.int64)
