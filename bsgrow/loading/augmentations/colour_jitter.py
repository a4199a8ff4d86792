"""Brightness, contrast, saturation and hue of an image, changed by factors of its own.

As torchvision's ``ColorJitter`` defines them of floats, clipped to [0, 1] after each, but
always in this order, where it draws one for each call.
"""

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.data import Dataset
from bsgrow.loading.augmentations.augmentation import COLOUR, Augmentation, Draw, to_device
from bsgrow.loading.augmentations.normalisation import Normalisation, normalisation_of
from bsgrow.loading.loader import MicroBatch
from bsgrow.loading.settings import LoaderSettings
from bsgrow.native import Augment

_GREY = (0.2989, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601, as torchvision rounds it


def colour_jitter(dataset: Dataset, settings: LoaderSettings) -> Augmentation | None:
    """Return what changes colours; None where all of them are off.

    Raises:
        InputError: the images are the user's own, whose pixels may be of any range.
    """
    augment = settings.augment
    if not any(_ranges(augment)):
        return None
    of_pixels = normalisation_of(dataset, "brightness, contrast, saturation and hue")
    return partial(_jitter, augment, of_pixels)


def _jitter(
    augment: Augment, normalisation: Normalisation, batch: MicroBatch, draw: Draw
) -> MicroBatch:
    factors = to_device(draw_factors(augment, draw), batch.images.device)
    pixels = jittered(normalisation.pixels(batch.images), augment, factors)
    return batch._replace(images=normalisation.images(pixels))


def _ranges(augment: Augment) -> tuple[float, ...]:
    return augment.brightness, augment.contrast, augment.saturation, augment.hue


def draw_factors(augment: Augment, draw: Draw) -> NDArray[np.float32]:
    """Return factors of brightness, contrast and saturation, and shifts of the hue, float32 [4, n].

    Each uniform in its range: [max(0, 1 − x), 1 + x], or of the hue [−x, x], a circle being 1.
    """
    x = np.array(_ranges(augment))[:, None]
    middle = np.array([1.0, 1.0, 1.0, 0.0])[:, None]
    least = np.where(middle, np.maximum(middle - x, 0), -x)
    factors: NDArray[np.float64] = least + draw(COLOUR, 0) * (middle + x - least)
    return factors.astype(np.float32)


def jittered(pixels: Tensor, augment: Augment, factors: Tensor) -> Tensor:
    """Return pixels changed by what is on.

    Args:
        pixels: float32 [n, C, H, W] in [0, 1].
        augment: says what is on.
        factors: float32 [4, n], as ``draw_factors`` has them.
    """
    brightness, contrast, saturation, hue = factors[:, :, None, None, None]
    if augment.brightness:
        pixels = (pixels * brightness).clamp_(0, 1)
    if augment.contrast:
        pixels = _blended(_grey(pixels).mean((1, 2, 3), keepdim=True), pixels, contrast)
    if augment.saturation:
        pixels = _blended(_grey(pixels), pixels, saturation)
    return _turned(pixels, hue[:, 0]) if augment.hue else pixels


def _blended(other: Tensor, pixels: Tensor, factor: Tensor) -> Tensor:
    return (pixels * factor + other * (1 - factor)).clamp_(0, 1)


def _grey(pixels: Tensor) -> Tensor:
    if pixels.shape[1] != len(_GREY):
        return pixels
    red, green, blue = (pixels[:, [channel]] for channel in range(3))
    return red * _GREY[0] + green * _GREY[1] + blue * _GREY[2]


def _turned(pixels: Tensor, shift: Tensor) -> Tensor:
    """Return RGB with the hue shifted, [n, 1, 1] of a circle; value and saturation stay.

    By sextants: a channel is V − C · max(0, min(k, 4 − k, 1)) with k = (6 · hue + 5, 3 or 1) mod 6,
    for V the largest of a pixel and C its distance to the smallest.
    """
    red, green, blue = pixels.unbind(1)
    value = pixels.amax(1)
    chroma = value - pixels.amin(1)
    divisor = torch.where(chroma > 0, chroma, 1)
    sextant = torch.where(
        value == red,
        (green - blue) / divisor,
        torch.where(value == green, 2 + (blue - red) / divisor, 4 + (red - green) / divisor),
    )
    k = [(sextant + 6 * shift + first).remainder(6) for first in (5, 3, 1)]
    return torch.stack(
        [value - chroma * torch.minimum(each, 4 - each).clamp(0, 1) for each in k], dim=1
    )
