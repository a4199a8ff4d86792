"""The models a recipe can name: a new one is a new file and a line here."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from torch import nn

from bsgrow.errors import InputError, did_you_mean
from bsgrow.models import inception_resnet_v2 as inception
from bsgrow.models.image_size import check_image_size
from bsgrow.models.resnet import resnet50
from bsgrow.models.wide_resnet import wide_resnet
from bsgrow.validation import call_checked

ModelBuilder = Callable[..., nn.Module]
"""Called with the recipe's own arguments, and in_channels, num_classes and ghost_batch_size."""

MODELS: Mapping[str, ModelBuilder] = MappingProxyType(
    {
        "inception_resnet_v2": inception.inception_resnet_v2,
        "resnet50": resnet50,
        "wide_resnet": wide_resnet,
    }
)

SMALLEST_IMAGES: Mapping[str, int] = MappingProxyType(
    {"inception_resnet_v2": inception.SMALLEST_IMAGE}
)
"""Pixels that each side of an image needs, for the models that do not take any size."""


def build_model(name: str, arguments: Mapping[str, Any], **given: int) -> nn.Module:
    """Build the architecture that a recipe names.

    Args:
        name: a key of ``MODELS``.
        arguments: the architecture's own, as the recipe gives them, such as depth and width.
        given: in_channels, num_classes and ghost_batch_size, which follow from data and run.

    Raises:
        InputError: no such architecture, or an argument that it does not take.
    """
    if name not in MODELS:
        raise InputError(f"model.name = {name!r}: no such model", did_you_mean(name, MODELS))
    return call_checked(MODELS[name], table="model", written=arguments, own=given)


def check_images_fit(name: str, height: int, width: int) -> None:
    """Check that a model takes images of a size, before anything is built.

    Args:
        name: of the model; one that does not exist takes any size.
        height: of the images, in pixels.
        width: of the images, in pixels.

    Raises:
        InputError: the images are too small.
    """
    check_image_size(name, SMALLEST_IMAGES.get(name, 1), height, width)
