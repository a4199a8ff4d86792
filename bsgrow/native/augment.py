"""Augmentation: changes to an image at random, as the user writes them."""

import math
from dataclasses import dataclass, fields, replace
from typing import Annotated, ClassVar, Final, Literal, cast, get_args

from bsgrow.errors import InputError
from bsgrow.text.command import setting
from bsgrow.validation.quantity import Quantity

PaddingMode = Literal["zero", "reflect"]

MOST_MAGNITUDE: Final = 30
"""Of RandAugment's operations: torchvision has 31 magnitudes, from 0."""

_INTEGERS: Final = {
    "pad": (math.inf, "number of pixels", "for no crop, augment.pad = 4 for 32x32 images"),
    "cutout": (math.inf, "number of pixels", "for none, augment.cutout = 16 for CIFAR-10"),
    "rand_augment": (
        math.inf,
        "number of operations",
        "for none, augment.rand_augment = 2 as usual",
    ),
    "rand_augment_magnitude": (
        MOST_MAGNITUDE,
        "magnitude",
        "for the weakest operations, augment.rand_augment_magnitude = 9 as is usual",
    ),
}
"""The largest value of a key, what it is, and what 0 and a usual value are for."""

_NUMBERS: Final = {
    "brightness": (math.inf, "a range of factors around 1", "augment.brightness = 0.4"),
    "contrast": (math.inf, "a range of factors around 1", "augment.contrast = 0.4"),
    "saturation": (math.inf, "a range of factors around 1", "augment.saturation = 0.4"),
    "hue": (0.5, "a part of the circle of hues", "augment.hue = 0.1"),
    "erase": (1.0, "a probability", "augment.erase = 0.25"),
    "mixup": (math.inf, "the α of a Beta distribution", "augment.mixup = 0.2"),
    "cutmix": (math.inf, "the α of a Beta distribution", "augment.cutmix = 1.0"),
}
"""What is done to whole micro-batches: the largest value of a key, what it is, and a usual one."""


@dataclass(frozen=True, slots=True)
class Augment:
    """Random crop of a padded image, flip, cutout, RandAugment, colours, erasing, mixup or cutmix.

    The kernels do the first three; the others are done to whole micro-batches, on their device.

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

    rand_augment: Annotated[int, Quantity("operations", least=0)] = 0
    """Operations of RandAugment (arXiv 1909.13719) on each image, one after the other, each drawn
    for each image from the 14 of torchvision's RandAugment, which are shears, shifts, turns and
    changes of colours and contrast. 0 for none; 2 is usual. Not for images of your own, whose
    pixels may be normalised."""

    rand_augment_magnitude: Annotated[int, Quantity(least=0, most=MOST_MAGNITUDE)] = 9
    """How strong the operations of RandAugment are, as torchvision's magnitude of 31 bins."""

    brightness: Annotated[float, Quantity(least=0)] = 0.0
    """x of a factor on all pixels, uniform in [max(0, 1 − x), 1 + x], its own for each image, as
    torchvision's ColorJitter has it; 0 for none. Of what contrast, saturation and hue do too, the
    order is this one. Not for images of your own, whose pixels may be normalised."""

    contrast: Annotated[float, Quantity(least=0)] = 0.0
    """The same of a factor on the distance of pixels to the image's mean grey; 0 for none."""

    saturation: Annotated[float, Quantity(least=0)] = 0.0
    """The same of a factor on the distance of colours to grey; 0 for none."""

    hue: Annotated[float, Quantity(least=0, most=0.5)] = 0.0
    """Largest turn of hues either way, as a part of their circle; 0 for none."""

    erase: Annotated[float, Quantity(least=0, most=1)] = 0.0
    """Probability of random erasing (arXiv 1708.04896): a rectangle of 2 to 33 % of the image, 0.3
    to 3.3 times as high as wide, becomes 0 after normalisation, the mean of the data set. 0 for
    none; 0.25 is usual."""

    mixup: Annotated[float, Quantity(least=0)] = 0.0
    """α of mixup (arXiv 1710.09412): image and label of a sample become λ times its own and 1 − λ
    times those of another one of its ghost batch, λ from Beta(α, α), its own for each sample. 0 for
    none; 0.2 is usual for ImageNet. Training accuracy is that of the label of larger share."""

    cutmix: Annotated[float, Quantity(least=0)] = 0.0
    """α of cutmix (arXiv 1905.04899): a window of the image comes from another sample of the ghost
    batch, 1 − λ of its area, λ from Beta(α, α), and of the label the part that it has of the image.
    0 for none; 1.0 is usual. With mixup, each sample is one or the other with probability 1/2."""

    @property
    def mixes(self) -> bool:
        """Whether samples are mixed, so that a label is a share of each class."""
        return self.mixup > 0 or self.cutmix > 0

    @property
    def of_kernels(self) -> "Augment":
        """What of it the kernels do."""
        return Augment(self.pad, self.padding, self.flip, self.cutout)

    @property
    def of_batches(self) -> dict[str, object]:
        """What of it is done to whole micro-batches: its keys that are on, with their values."""
        off = replace(self.of_kernels, rand_augment_magnitude=self.rand_augment_magnitude)
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {key: value for key, value in values.items() if value != getattr(off, key)}

    def __post_init__(self) -> None:
        for name in _NUMBERS:
            _require_number(name, getattr(self, name))
        for name in _INTEGERS:
            _require_integer(name, getattr(self, name))
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


def _require_integer(name: str, value: object) -> None:
    most, meaning, usual = _INTEGERS[name]
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    if not (is_integer and 0 <= cast("int", value) <= most):
        raise InputError(
            f"augment.{name} = {value!r} is not a {meaning}: expected an integer of {_range(most)}",
            hint=f"pass {setting(f'augment.{name}', 0)} {usual}",
        )


def _require_number(name: str, value: object) -> None:
    most, meaning, usual = _NUMBERS[name]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and 0 <= cast("float", value) <= most):
        raise InputError(
            f"augment.{name} = {value!r}: expected {meaning}, {_range(most)}",
            hint=f"pass {setting(f'augment.{name}', 0)} for none, {usual} as is usual",
        )


def _range(most: float) -> str:
    return "0 or more" if math.isinf(most) else f"0 to {most:g}"
