"""Augmentation: changes to an image at random, as the user writes them."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, get_args

from bsgrow.errors import InputError
from bsgrow.text.command import setting
from bsgrow.validation.quantity import Quantity

PaddingMode = Literal["zero", "reflect"]


@dataclass(frozen=True, slots=True)
class Augment:
    """Random crop of a padded image, then a random horizontal flip, then cutout.

    Raises:
        InputError: a field is out of range.
    """

    # How a recipe's table is read; a plain dictionary, so that nothing is imported here.
    __pydantic_config__: ClassVar = {
        "extra": "forbid",
        "strict": True,
    }

    pad: Annotated[int, Quantity("pixels", least=0)] = 0
    """Pixels added on each side before a window of the image's size is cut out of it, its offset
    uniform in ``[0, 2 * pad]`` each way. Below the image's height and width."""

    padding: PaddingMode = "zero"
    """``"zero"`` adds pixels of value 0, before normalisation as torchvision does; ``"reflect"``
    mirrors the image at its edge pixels, which are not repeated."""

    flip: bool = False
    """Whether images are mirrored left to right, each with probability 1/2."""

    cutout: Annotated[int, Quantity("pixels", least=0)] = 0
    """Side in pixels of a square whose pixels become 0 after normalisation, the mean of the data
    set; its centre is uniform over the image, so that part of it may lie outside (DeVries and
    Taylor 2017, arXiv 1708.04552). At most the image's height and width; 0 for none."""

    def __post_init__(self) -> None:
        _require_pixels("pad", self.pad, "for no crop, augment.pad = 4 for 32x32 images")
        _require_pixels("cutout", self.cutout, "for none, augment.cutout = 16 for CIFAR-10")
        if self.padding not in get_args(PaddingMode):
            raise InputError(
                f"augment.padding = {self.padding!r} is unknown: expected 'zero' or 'reflect'",
                hint="use augment.padding = 'zero', as in the paper",
            )
        if not isinstance(self.flip, bool):
            raise InputError(
                f"augment.flip = {self.flip!r} is not a switch: expected true or false",
                hint="use augment.flip = true where left and right mean the same",
            )


def _require_pixels(name: str, value: object, meaning: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(
            f"augment.{name} = {value!r} is not a number of pixels: expected an integer of 0 or "
            "more",
            hint=f"pass {setting(f'augment.{name}', 0)} {meaning}",
        )
