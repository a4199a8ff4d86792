"""Random resized crops in plain Python: what ``csrc/cpu/resized_crop.cpp`` must equal, bit for bit.

Floats are IEEE 754 doubles, and only operations that it rounds correctly are used.
"""

import math
from collections.abc import Sequence

from bsgrow.images.crops import ResizedCrop
from bsgrow.native.reference import draw, is_flipped
from bsgrow.native.resized_crop import log_range

CropWindow = tuple[int, int, int, int, int]

RESIZED_CROP = 16  # the operation of the first attempt
NUM_ATTEMPTS = 10


def exponential(x: float) -> float:
    """e**x for x in [-700, 700], within one unit in the last place.

    x = k log 2 + r with r in [-log(2) / 2, log(2) / 2], and the Taylor polynomial of degree 13 in
    r. The high part of log 2 ends in zeros, so that k times it is exact.
    """
    k = round(x * 1.4426950408889634)
    r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10
    total = 0.0
    for n in range(13, -1, -1):
        total = total * r + 1 / math.factorial(n)
    return math.ldexp(total, k)


def uniform(word: int, low: float, high: float) -> float:
    """A real number from a 32-bit word."""
    return low + word * 2.0**-32 * (high - low)


def draw_attempt(
    crop: ResizedCrop, height: int, width: int, words: Sequence[int]
) -> CropWindow | None:
    """The window that a block of random words gives, or None where it is larger than the image."""
    area = float(height) * float(width) * uniform(words[0], *crop.scale)
    ratio = exponential(uniform(words[1], *log_range(crop.ratio)))
    columns = round(math.sqrt(area * ratio))
    rows = round(math.sqrt(area / ratio))
    if not (0 < columns <= width and 0 < rows <= height):
        return None
    top = words[2] * (height - rows + 1) >> 32
    left = words[3] * (width - columns + 1) >> 32
    return top, left, rows, columns, 0


def centre_window(crop: ResizedCrop, height: int, width: int) -> CropWindow:
    """The largest window in the middle that the ratio allows: torchvision's fallback."""
    rows, columns = height, width
    if width / height < crop.ratio[0]:
        rows = max(round(width / crop.ratio[0]), 1)
    elif width / height > crop.ratio[1]:
        columns = max(round(height * crop.ratio[1]), 1)
    return (height - rows) // 2, (width - columns) // 2, rows, columns, 0


def crop_window(
    crop: ResizedCrop, height: int, width: int, *, seed: int, sample: int, epoch: int, flip: bool
) -> CropWindow:
    """Top, left, height, width, and 1 where it is mirrored."""
    window = None
    for attempt in range(NUM_ATTEMPTS):
        words = draw(seed, sample, epoch, RESIZED_CROP + attempt)
        window = draw_attempt(crop, height, width, words)
        if window is not None:
            break
    top, left, rows, columns, _ = window or centre_window(crop, height, width)
    return top, left, rows, columns, int(flip and is_flipped(seed, sample, epoch))
