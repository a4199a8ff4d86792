"""Levels of images changed as Pillow's ``ImageEnhance`` and ``ImageOps`` change them.

Levels are uint8 [n, C, H, W]; what is made of them is of that shape and type too. Images of other
than three channels have no colours: each channel is its own grey.
"""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.loading.augmentations.augmentation import to_device

NUM_LEVELS: Final = 256

_LAST: Final = NUM_LEVELS - 1
_GREY: Final = (19595, 38470, 7471)  # of red, green and blue, of 2**16: ITU-R BT.601, as in Pillow


def brightened(levels: Tensor, magnitudes: NDArray[np.float64]) -> Tensor:
    """Return levels times 1 + the magnitude of their image."""
    return _enhanced(torch.zeros_like(levels[:, :1, :1, :1]), levels, magnitudes)


def coloured(levels: Tensor, magnitudes: NDArray[np.float64]) -> Tensor:
    """Return levels at 1 + magnitude times their distance from the grey of the pixel."""
    return _enhanced(_grey(levels), levels, magnitudes)


def contrasted(levels: Tensor, magnitudes: NDArray[np.float64]) -> Tensor:
    """Return levels at 1 + magnitude times their distance from the mean grey of the image."""
    grey = _grey(levels)
    num = grey[0].numel()
    total = grey.sum((1, 2, 3), keepdim=True, dtype=torch.int64)
    return _enhanced((2 * total + num) // (2 * num), levels, magnitudes)


def sharpened(levels: Tensor, magnitudes: NDArray[np.float64]) -> Tensor:
    """Return levels at 1 + magnitude times their distance from a smooth image; not the edge."""
    rows = levels.int()
    for dim in (2, 3):
        last = rows.shape[dim] - 2
        if last < 1:
            return levels
        rows = rows.narrow(dim, 0, last) + rows.narrow(dim, 1, last) + rows.narrow(dim, 2, last)
    smooth = levels.clone()
    middle = smooth[:, :, 1:-1, 1:-1]
    middle.copy_((2 * (rows + 4 * middle.int()) + 13) // 26)  # a 13th each, the middle 5, rounded
    return _enhanced(smooth, levels, magnitudes)


def posterized(levels: Tensor, magnitudes: NDArray[np.float64]) -> Tensor:
    """Return levels without as many of their lower bits as the magnitude says, the same of all."""
    lower = (1 << round(float(magnitudes[0]))) - 1
    return levels & (_LAST - lower)


def solarized(levels: Tensor, magnitudes: NDArray[np.float64]) -> Tensor:
    """Return levels turned round above a part of 1 − magnitude of them, the same of all."""
    return torch.where(levels < _LAST * (1 - float(magnitudes[0])), levels, _LAST - levels)


def auto_contrasted(levels: Tensor, magnitudes: NDArray[np.float64]) -> Tensor:
    """Return each channel's levels spread over all, rounded down; as they are where all are one."""
    low, high = levels.amin((2, 3), keepdim=True).int(), levels.amax((2, 3), keepdim=True).int()
    spread = (levels.int() - low) * _LAST // (high - low).clamp(min=1)
    return torch.where(high > low, spread, levels.int()).to(torch.uint8)


def equalized(levels: Tensor, magnitudes: NDArray[np.float64]) -> Tensor:
    """Return each channel's levels so that as many pixels have each, as far as that is possible."""
    pixels = levels.flatten(2).long()
    counts = pixels.new_zeros((*pixels.shape[:2], NUM_LEVELS))
    counts.scatter_add_(2, pixels, pixels.new_ones(()).expand_as(pixels))
    of_highest = counts.gather(2, pixels.amax(2, keepdim=True))
    step = (pixels.shape[2] - of_highest) // _LAST
    below = counts.cumsum(2) - counts
    table = ((step // 2 + below) // step.clamp(min=1)).clamp(max=_LAST)
    return torch.where(step > 0, table.gather(2, pixels), pixels).to(torch.uint8).view_as(levels)


def _enhanced(plain: Tensor, levels: Tensor, magnitudes: NDArray[np.float64]) -> Tensor:
    """Return plain levels + (1 + magnitude) times the distance to them, cut to whole levels."""
    factors = to_device((1 + magnitudes).astype(np.float32), levels.device)[:, None, None, None]
    start = plain.float()
    distance = levels.float().sub_(start)
    return distance.mul_(factors).add_(start).clamp_(0, _LAST).to(torch.uint8)


def _grey(levels: Tensor) -> Tensor:
    if levels.shape[1] != len(_GREY):
        return levels
    red, green, blue = (levels[:, [channel]].int() * of for channel, of in enumerate(_GREY))
    return (red + green + blue + 2**15) >> 16
