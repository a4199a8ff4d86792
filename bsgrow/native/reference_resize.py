"""Bilinear resizing in numpy: what ``csrc/cpu/resizer.cpp`` must equal, bit for bit.

The arithmetic is Pillow's (``Resample.c``): weights of a triangle as wide as the reduction,
computed in double precision and rounded to 22 bits; sums of products with them, in whole numbers;
rows first, rounded to bytes, then columns, rounded to bytes.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

WEIGHT_BITS = 22
Bytes = npt.NDArray[np.uint8]


def weights(source: int, resized: int) -> npt.NDArray[np.int64]:
    """The weight of each source pixel in each resized one: int64 ``[resized, source]``."""
    scale = source / resized
    support = max(scale, 1.0)
    table = np.zeros((resized, source), np.int64)
    for i in range(resized):
        centre = (i + 0.5) * scale
        begin = max(int(centre - support + 0.5), 0)
        end = min(int(centre + support + 0.5), source)
        row = [triangle((tap - centre + 0.5) * (1.0 / support)) for tap in range(begin, end)]
        total = 0.0
        for weight in row:  # in this order: sum() compensates for rounding since Python 3.12
            total += weight
        table[i, begin:end] = [int(0.5 + weight / total * (1 << WEIGHT_BITS)) for weight in row]
    return table


def triangle(distance: float) -> float:
    """The bilinear filter."""
    return max(1.0 - abs(distance), 0.0)


def resize_rows(pixels: Bytes, resized: int) -> Bytes:
    """Resizes the first axis and rounds to bytes: uint8 ``[source, ...] -> [resized, ...]``."""
    table = weights(len(pixels), resized)
    total = np.tensordot(table, pixels.astype(np.int64), axes=1)
    levels = (total + (1 << (WEIGHT_BITS - 1))) >> WEIGHT_BITS
    return np.asarray(np.minimum(levels, 255), np.uint8)


def resize(pixels: Bytes, height: int, width: int) -> Bytes:
    """Resizes an image: uint8 ``[height, width, 3]`` in and out."""
    resized = resize_rows(pixels.swapaxes(0, 1), width)
    return resize_rows(resized.swapaxes(0, 1), height)


def resize_window(pixels: Bytes, window: Sequence[int], size: int, shorter: int | None) -> Bytes:
    """The output of a window before it is normalised: uint8 ``[size, size, 3]``.

    The window becomes size x size; or, where shorter is given, its shorter side becomes that and
    the middle is cut out, as torchvision's Resize and CenterCrop do.
    """
    top, left, height, width, flipped = (int(number) for number in window)
    cropped = pixels[top : top + height, left : left + width]
    if shorter is None:
        output = resize(cropped, size, size)
    else:
        side = min(height, width)
        resized = resize(cropped, int(shorter * height / side), int(shorter * width / side))
        first_row = round((resized.shape[0] - size) / 2)
        first_column = round((resized.shape[1] - size) / 2)
        output = resized[first_row : first_row + size, first_column : first_column + size]
    return output[:, ::-1] if flipped else output
