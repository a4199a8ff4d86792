"""mixup and cutmix: each sample mixed with another one of its ghost batch.

mixup: Zhang et al. 2017, arXiv 1710.09412, section 2. cutmix: Yun et al. 2019, arXiv 1905.04899,
section 3.1. Each sample draws a share of its own, as both write it. A ghost batch is whole in one
micro-batch, however an update is cut, so that its reversal gives every sample the same partner.
"""

import math
from functools import partial
from itertools import starmap
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, arange

from bsgrow.data import Dataset
from bsgrow.loading.augmentations.augmentation import (
    MIXING,
    Augmentation,
    Draw,
    inside,
    to_device,
)
from bsgrow.loading.loader import MicroBatch
from bsgrow.loading.settings import LoaderSettings
from bsgrow.native import Augment


class Mixture(NamedTuple):
    """How the samples of a micro-batch are mixed.

    Attributes:
        partners: int64 [n], offsets in the micro-batch.
        label_shares: float32 [n], of the partner in the label, 0 to 1.
        pixel_shares: float32 [n], of the partner in each pixel outside the window.
        windows: int64 [4, n], as ``inside`` has them, where pixels are the partner's alone.
    """

    partners: NDArray[np.int64]
    label_shares: NDArray[np.float32]
    pixel_shares: NDArray[np.float32]
    windows: NDArray[np.int64]


def mixing(dataset: Dataset, settings: LoaderSettings) -> Augmentation | None:
    """Return what mixes samples as mixup, as cutmix, or each as one of both; None where neither is.

    Labels become float32 [n, num_classes]: of each class the share that the sample has of it.
    """
    if not settings.augment.mixes:
        return None
    ghost_batch_size = settings.share.ghost_batch_size
    return partial(_mix, settings.augment, dataset.num_classes, ghost_batch_size)


def _mix(
    augment: Augment, num_classes: int, ghost_batch_size: int, batch: MicroBatch, draw: Draw
) -> MicroBatch:
    height, width = batch.images.shape[2:]
    partners = partners_of(batch.num_samples, ghost_batch_size)
    mixture = Mixture(partners, *draw_shares(augment, draw, height, width))
    images, labels = mixed(batch.images, batch.labels, mixture, num_classes)
    return batch._replace(images=images, labels=labels)


def partners_of(num_samples: int, ghost_batch_size: int) -> NDArray[np.int64]:
    """Return the partner of each sample: the one at its place in its ghost batch reversed.

    The middle one of an odd number is its own.

    Args:
        num_samples: of a micro-batch, whole ghost batches; the last one may be short.
        ghost_batch_size: samples in each.
    """
    offsets = np.arange(num_samples)
    first = offsets - offsets % ghost_batch_size
    last = np.minimum(first + ghost_batch_size, num_samples) - 1
    partners: NDArray[np.int64] = first + last - offsets
    return partners


def draw_shares(
    augment: Augment, draw: Draw, height: int, width: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Return label_shares, pixel_shares and windows of a mixture.

    The window is that of cutmix's own code: its side floor(side of the image · sqrt(1 − λ)), its
    centre uniform, cut off at the edge; the label then has the part of the pixels.
    """
    numbers = draw(MIXING, 0)
    is_cut = _is_cut(augment, draw, numbers.shape[1])
    partner = 1 - symmetric_beta(
        np.where(is_cut, augment.cutmix, augment.mixup), numbers[0], numbers[1]
    )
    sides = np.array([[height], [width]])
    half = np.where(is_cut, sides * np.sqrt(partner), 0).astype(np.int64) // 2
    centre = (numbers[2:] * sides).astype(np.int64)
    low, high = np.maximum(centre - half, 0), np.minimum(centre + half, sides)
    area = np.prod(high - low, axis=0) / (height * width)
    labels = np.where(is_cut, area, partner).astype(np.float32)
    pixels = np.where(is_cut, 0, partner).astype(np.float32)
    return labels, pixels, np.stack([low[0], high[0], low[1], high[1]])


def _is_cut(augment: Augment, draw: Draw, num_samples: int) -> NDArray[np.bool_]:
    if augment.mixup and augment.cutmix:
        is_cut: NDArray[np.bool_] = draw(MIXING, 1)[0] < 0.5
        return is_cut
    return np.full(num_samples, augment.cutmix > 0)


def symmetric_beta(
    alphas: NDArray[np.float64], u: NDArray[np.float64], v: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return numbers of Beta(α, α), [n], made of two uniform ones each.

    (1 + T / sqrt(2 α + T²)) / 2 for Student's T with 2 α degrees of freedom, which is
    sqrt(2 α (U^(−1/α) − 1)) cos 2πV (Bailey 1994, "Polar generation of random variates with the
    t-distribution"; Devroye 1996, "Random variate generation in one line of code", section 3).

    Args:
        alphas: α, above 0.
        u: in (0, 1).
        v: in (0, 1).
    """
    # One by one: what NumPy computes of a sample may depend on how many stand beside it.
    return np.array([*starmap(_beta, zip(alphas.tolist(), u.tolist(), v.tolist(), strict=True))])


def _beta(alpha: float, u: float, v: float) -> float:
    s, cosine = u ** (1 / alpha), math.cos(2 * math.pi * v)
    square = (1 - s) * cosine**2
    return (1 + math.copysign(math.sqrt(square / (s + square)), cosine)) / 2


def mixed(
    images: Tensor, labels: Tensor, mixture: Mixture, num_classes: int
) -> tuple[Tensor, Tensor]:
    """Return the images, mixed where they are, and the share that each class has of them.

    Args:
        images: float32 [n, C, H, W]; written to.
        labels: int64 [n].
        mixture: of the n samples.
        num_classes: of the labels.

    Returns:
        Images [n, C, H, W] and labels, float32 [n, num_classes].
    """
    partners, of_labels, of_pixels, windows = (to_device(each, images.device) for each in mixture)
    shares = of_pixels[:, None, None, None] + inside(windows, *images.shape[2:])
    images.lerp_(images.index_select(0, partners), shares)
    own = (labels[:, None] == arange(num_classes, device=labels.device)).float()
    return images, own.lerp(own.index_select(0, partners), of_labels[:, None])
