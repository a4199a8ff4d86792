"""Which part of each image is shown, and how large: random crops to train, the middle to evaluate.

torchvision's RandomResizedCrop draws an area, uniform in ``scale`` times the image's, and an
aspect ratio, log-uniform in ``ratio``, until the window fits, ten times at most; then it takes as
much of the middle as the ratio allows. So does :class:`ResizedCrop`, with random numbers that are
a function of (seed, sample, epoch).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from bsgrow.errors import InputError
from bsgrow.native.extension import extension

MAX_SIDE = 1 << 16  # pixels of an image that a network is shown

Range = tuple[float, float]
_LARGEST_RATIO = 1e4  # the sides of a JPEG are below 2**16


@dataclass(frozen=True, slots=True)
class ResizedCrop:
    """torchvision's RandomResizedCrop: a random window, resized to a square.

    Raises:
        InputError: a field is out of range.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "use_attribute_docstrings": True}

    size: int
    """Side of the output in pixels."""

    scale: Range = (0.08, 1.0)
    """Smallest and largest area of the window, as a part of the image's."""

    ratio: Range = (3 / 4, 4 / 3)
    """Smallest and largest aspect ratio of the window, width / height."""

    @property
    def resize(self) -> None:
        """The window is resized to the output, whatever its sides."""

    def __post_init__(self) -> None:
        _check_pixels("size", self.size)
        _check_range("scale", self.scale, 0.0, 1.0, "scale = (0.08, 1.0) as torchvision does")
        _check_range("ratio", self.ratio, 1 / _LARGEST_RATIO, _LARGEST_RATIO, "ratio = (0.75, 4/3)")


@dataclass(frozen=True, slots=True)
class CentreCrop:
    """torchvision's Resize, then CenterCrop: how images are shown to evaluate.

    Raises:
        InputError: a field is out of range.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "use_attribute_docstrings": True}

    size: int
    """Side of the output in pixels."""

    resize: int
    """What the shorter side of the image becomes before its middle is cut out; at least size."""

    def __post_init__(self) -> None:
        _check_pixels("size", self.size)
        _check_pixels("resize", self.resize)
        if self.resize < self.size:
            raise InputError(
                f"resize = {self.resize} is smaller than size = {self.size}: there would be no "
                "pixels around the image",
                hint="use resize = size * 8 / 7, as 256 goes with 224",
            )


def crop_windows(
    sizes: npt.NDArray[np.int64],
    samples: npt.NDArray[np.int64] | Sequence[int],
    epochs: npt.NDArray[np.int64] | Sequence[int],
    seed: int,
    crop: ResizedCrop | CentreCrop,
    flip: bool,
) -> npt.NDArray[np.int32]:
    """The window of each sample in each epoch, as a function of (seed, sample, epoch).

    Attempt i of a :class:`ResizedCrop` draws the block of operation ``16 + i``: area, log ratio,
    top, left. The flip draws that of operation 2, as :class:`bsgrow.native.Augment` does. For a
    :class:`CentreCrop` the window is the whole image; what is cut out of it after it was resized
    follows from the sizes alone (see :func:`bsgrow.native.jpeg.decode_batch`).

    Args:
        sizes: int64 ``[n, 2]``, height and width of each image as it is shown; zeros give a window
            of zeros.
        samples: ``[n]``, 0 to 2**32 - 1.
        epochs: ``[n]``, 0 to 2**32 - 1.
        seed: 0 to 2**64 - 1.
        crop: how windows are drawn.
        flip: whether windows are mirrored left to right, each with probability 1/2.

    Returns:
        int32 ``[n, 5]``: top, left, height, width, and 1 where it is mirrored.

    Raises:
        ValueError: an argument is out of range; the message names it.
    """
    # A centre crop takes the flips of this call, and replaces its windows.
    drawn = crop if isinstance(crop, ResizedCrop) else ResizedCrop(crop.size)
    windows = np.empty((len(sizes), 5), np.int32)
    extension.crop_windows(
        sizes=sizes,
        samples=np.asarray(samples, np.int64),
        epochs=np.asarray(epochs, np.int64),
        seed=seed,
        scale=drawn.scale,
        ratio=drawn.ratio,
        log_ratio=log_range(drawn.ratio),
        flip=flip,
        out=windows,
    )
    if isinstance(crop, CentreCrop):
        windows[:, :2] = 0
        windows[:, 2:4] = sizes
    return windows


def log_range(ratio: Range) -> Range:
    """Logarithms of both ends, computed here alone so that no two libraries need agree on them."""
    return math.log(ratio[0]), math.log(ratio[1])


def _check_pixels(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_SIDE:
        raise InputError(
            f"{name} = {value!r} is not a number of pixels: "
            f"expected an integer from 1 to {MAX_SIDE}",
            hint="use size = 224 and resize = 256, as is usual for ImageNet",
        )


def _check_range(name: str, value: Range, lowest: float, highest: float, usual: str) -> None:
    numbers = len(value) == 2 and all(isinstance(end, (int, float)) for end in value)
    if not numbers or not lowest <= value[0] <= value[1] <= highest or value[0] <= 0:
        raise InputError(
            f"{name} = {value!r} is not a range: expected two numbers above {lowest:g}, up to "
            f"{highest:g}, the smaller first",
            hint=f"use {usual}",
        )
