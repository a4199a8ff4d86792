"""The part of an image that is shown: a random window to train, the middle to evaluate.

How windows are drawn is in :mod:`bsgrow.native.resized_crop`.
"""

from dataclasses import dataclass
from typing import ClassVar

from bsgrow.errors import InputError

MAX_SIDE = 1 << 16  # pixels of an image that a network is shown

Range = tuple[float, float]
_LARGEST_RATIO = 1e4  # the sides of a JPEG are below 2**16


@dataclass(frozen=True, slots=True)
class ResizedCrop:
    """torchvision's RandomResizedCrop: a random window, resized to a square.

    Raises:
        InputError: a field is out of range.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

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

    __pydantic_config__: ClassVar = {"extra": "forbid"}

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
