"""What each architecture takes, without torch, so that a plan can check it before a run does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from bsgrow.errors import InputError
from bsgrow.text.command import setting

if TYPE_CHECKING:
    from torch import nn

SMALLEST_CONVNET_IMAGE = 4  # pixels a side, of which two poolings leave one
SMALLEST_INCEPTION_IMAGE = 75  # pixels a side that leave one pixel to the last stage

Depth = Annotated[int, Field(le=10_000)]  # which takes seconds to build
Width = Annotated[int, Field(le=1_000)]  # one convolution of 150 GB
Channels = Annotated[int, Field(le=10_000)]  # a hidden layer of 40 GB


@dataclass(frozen=True)
class ModelSpec:
    """What an architecture takes.

    Attributes:
        check: called with the arguments that a recipe gives; raises InputError for a wrong one.
        load: imports what builds it, and torch with it; that is called with the recipe's own
            arguments, and in_channels, num_classes and ghost_batch_size.
        smallest_image: pixels that each side of an image needs.
        names_as: whose names its ``state_dict`` has; None where no library has the architecture.
        has_blocks: whether there is anything to gain from computing parts of it again.
    """

    check: Callable[..., None]
    load: Callable[[], Callable[..., "nn.Module"]]
    smallest_image: int = 1
    names_as: str | None = None
    has_blocks: bool = True


def wide_resnet(*, depth: Depth, width: Width) -> None:
    """Check the arguments of a wide residual network (arXiv 1605.07146, table 1).

    Args:
        depth: convolutional layers, 6n + 4 for n >= 1: 10, 16, 22, 28, 34, 40, …
        width: widening factor k >= 1.

    Raises:
        InputError: ``depth`` is not of the form 6n + 4 with n >= 1, or ``width`` is below 1.
    """
    num_blocks, remainder = divmod(depth - 4, 6)
    if num_blocks < 1 or remainder:
        nearest = 6 * max(1, round((depth - 4) / 6)) + 4
        raise InputError(
            f"model.depth = {depth} is not a depth of a wide residual network: "
            "6n + 4 is allowed, that is 10, 16, 22, 28, …",
            hint=f"the nearest is depth = {nearest}: {setting('model.depth', nearest)}",
        )
    if width < 1:
        raise InputError(
            f"model.width = {width} is not a widening factor, 1 or more",
            hint="width = 1 is the plain residual network, the paper's CIFAR networks use 4 to 10",
        )


def convnet(*, width: Channels = 24, hidden: Channels = 256) -> None:
    """Check the arguments of the small convolutional network.

    Args:
        width: channels of the first convolution; the second has twice as many.
        hidden: units of the hidden layer.

    Raises:
        InputError: ``width`` or ``hidden`` is below 1.
    """
    for name, value in (("width", width), ("hidden", hidden)):
        if value < 1:
            raise InputError(
                f"model.{name} = {value} is not a number of channels, 1 or more",
                hint=f"leave it out, or {setting(f'model.{name}', 32)}",
            )


def resnet50(*, zero_init_residual: bool = True) -> None:
    """Check the arguments of ResNet-50.

    Args:
        zero_init_residual: whether the last normalisation of each block starts with a weight of 0,
            so that the block starts as its shortcut; the default.
    """


def inception_resnet_v2() -> None:
    """Check the arguments of Inception-ResNet-v2, which has none."""
