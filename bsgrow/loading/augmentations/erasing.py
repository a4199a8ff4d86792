"""Random erasing: a rectangle of an image is blanked.

Zhong et al. 2017, arXiv 1708.04896, algorithm 1, with the ranges, the logarithmic ratio and the
rounding of torchvision's ``RandomErasing``.
"""

import math
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bsgrow.data import Dataset
from bsgrow.loading.augmentations.augmentation import (
    ERASING,
    Augmentation,
    Draw,
    inside,
    to_device,
)
from bsgrow.loading.loader import MicroBatch
from bsgrow.loading.settings import LoaderSettings

AREA: Final = (0.02, 0.33)
"""Of the image's area, uniform."""

RATIO: Final = (0.3, 3.3)
"""Height / width, its logarithm uniform."""

_NUM_TRIES = 10  # of a rectangle that is smaller than the image both ways; else none is blanked


def erasing(dataset: Dataset, settings: LoaderSettings) -> Augmentation | None:
    """Return what sets a rectangle of an image to 0, its mean, by chance; None where it is off."""
    return partial(_erase, settings.augment.erase) if settings.augment.erase else None


def _erase(probability: float, batch: MicroBatch, draw: Draw) -> MicroBatch:
    height, width = batch.images.shape[2:]
    windows = to_device(draw_windows(probability, draw, height, width), batch.images.device)
    return batch._replace(images=batch.images.masked_fill_(inside(windows, height, width), 0.0))


def draw_windows(probability: float, draw: Draw, height: int, width: int) -> NDArray[np.int64]:
    """Return the rectangle of each image, int64 [4, n] as ``inside`` has them; empty for none."""
    is_left = draw(ERASING, 0)[0] < probability
    windows = np.zeros((4, len(is_left)), np.int64)
    for number in range(1, 1 + _NUM_TRIES):
        if not is_left.any():
            break
        area, ratio, row, column = draw(ERASING, number)
        pixels = (AREA[0] + area * (AREA[1] - AREA[0])) * height * width
        ratios = _log_uniform(ratio, *RATIO)
        high, wide = np.rint(np.sqrt(pixels * ratios)), np.rint(np.sqrt(pixels / ratios))
        fits = is_left & (high < height) & (wide < width)
        top, left = np.floor(row * (height - high + 1)), np.floor(column * (width - wide + 1))
        windows = np.where(fits, [top, top + high, left, left + wide], windows).astype(np.int64)
        is_left &= ~fits
    return windows


def _log_uniform(numbers: NDArray[np.float64], least: float, most: float) -> NDArray[np.float64]:
    first, last = math.log(least), math.log(most)
    # One by one: what NumPy computes of a sample may depend on how many stand beside it.
    return np.array([math.exp(first + x * (last - first)) for x in numbers.tolist()])
