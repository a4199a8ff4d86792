"""RandAugment: some of 14 operations on each image, drawn at random, all of one magnitude.

Cubuk et al. 2019, arXiv 1909.13719, with the operations, their largest magnitudes and the 31 steps
of torchvision's ``RandAugment``, on levels of 8 bits as there; nearest pixel, black outside.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.data import Dataset
from bsgrow.loading.augmentations.augmentation import RAND_AUGMENT, Augmentation, Draw, to_device
from bsgrow.loading.augmentations.geometry import (
    moved,
    rotated,
    sheared_x,
    sheared_y,
    translated_x,
    translated_y,
)
from bsgrow.loading.augmentations.normalisation import Normalisation, normalisation_of
from bsgrow.loading.augmentations.tones import (
    NUM_LEVELS,
    auto_contrasted,
    brightened,
    coloured,
    contrasted,
    equalized,
    posterized,
    sharpened,
    solarized,
)
from bsgrow.loading.loader import MicroBatch
from bsgrow.loading.settings import LoaderSettings
from bsgrow.native import Augment
from bsgrow.native.augment import MOST_MAGNITUDE


class Operation(NamedTuple):
    """What is done to some images.

    Attributes:
        apply: changes levels, uint8 [n, C, H, W], as magnitudes, float64 [n], say.
        largest: magnitude.
        is_signed: whether the magnitude is negative with probability 1/2.
    """

    apply: Callable[[Tensor, NDArray[np.float64]], Tensor]
    largest: float = 0.0
    is_signed: bool = False


def _unchanged(levels: Tensor, magnitudes: NDArray[np.float64]) -> Tensor:
    return levels


OPERATIONS: Final = {
    "Identity": Operation(_unchanged),
    "ShearX": Operation(partial(moved, sheared_x), 0.3, is_signed=True),
    "ShearY": Operation(partial(moved, sheared_y), 0.3, is_signed=True),
    "TranslateX": Operation(partial(moved, translated_x), 150 / 331, is_signed=True),
    "TranslateY": Operation(partial(moved, translated_y), 150 / 331, is_signed=True),
    "Rotate": Operation(partial(moved, rotated), 30.0, is_signed=True),
    "Brightness": Operation(brightened, 0.9, is_signed=True),
    "Color": Operation(coloured, 0.9, is_signed=True),
    "Contrast": Operation(contrasted, 0.9, is_signed=True),
    "Sharpness": Operation(sharpened, 0.9, is_signed=True),
    "Posterize": Operation(posterized, 4.0),
    "Solarize": Operation(solarized, 1.0),
    "AutoContrast": Operation(auto_contrasted),
    "Equalize": Operation(equalized),
}
"""By torchvision's names, each drawn with the same probability."""


def rand_augment(dataset: Dataset, settings: LoaderSettings) -> Augmentation | None:
    """Return what does so many operations to each image; None for none.

    Raises:
        InputError: the images are the user's own, whose pixels may be of any range.
    """
    augment = settings.augment
    if not augment.rand_augment:
        return None
    of_pixels = normalisation_of(dataset, "the operations of rand_augment")
    return partial(_rand_augment, augment, of_pixels)


def _rand_augment(
    augment: Augment, normalisation: Normalisation, batch: MicroBatch, draw: Draw
) -> MicroBatch:
    last = NUM_LEVELS - 1
    levels = normalisation.pixels(batch.images).mul_(last).round_().to(torch.uint8)
    for number in range(augment.rand_augment):
        drawn = draw_operations(draw, number)
        levels = changed(levels, augment.rand_augment_magnitude, *drawn)
    return batch._replace(images=normalisation.images(levels / last))


def draw_operations(draw: Draw, number: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the operation on each image, int64 [n], and the sign of each, ±1, float64 [n]."""
    choice, sign, *_ = draw(RAND_AUGMENT, number)
    return (choice * len(OPERATIONS)).astype(np.int64), np.where(sign < 0.5, -1.0, 1.0)


def changed(
    levels: Tensor, magnitude: int, choices: NDArray[np.int64], signs: NDArray[np.float64]
) -> Tensor:
    """Return levels after one operation on each image.

    Args:
        levels: uint8 [n, C, H, W]; written to.
        magnitude: 0 to 30, of the largest of each operation.
        choices: int64 [n], of ``OPERATIONS``.
        signs: float64 [n], of those that have one.
    """
    for choice, operation in enumerate(OPERATIONS.values()):
        (chosen,) = np.nonzero(choices == choice)
        if len(chosen):
            size = operation.largest * magnitude / MOST_MAGNITUDE
            magnitudes = size * (signs[chosen] if operation.is_signed else np.ones(len(chosen)))
            where = to_device(chosen, levels.device)
            levels[where] = operation.apply(levels[where], magnitudes)
    return levels
