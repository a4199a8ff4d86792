"""The models a recipe can name: a new one is a new file, a line here and one in specs."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from torch import nn

from bsgrow.models.inception_resnet_v2 import inception_resnet_v2
from bsgrow.models.resnet import resnet50
from bsgrow.models.specs import check_model
from bsgrow.models.wide_resnet import wide_resnet
from bsgrow.validation import call_checked

ModelBuilder = Callable[..., nn.Module]
"""Called with the recipe's own arguments, and in_channels, num_classes and ghost_batch_size."""

MODELS: Mapping[str, ModelBuilder] = MappingProxyType(
    {
        "inception_resnet_v2": inception_resnet_v2,
        "resnet50": resnet50,
        "wide_resnet": wide_resnet,
    }
)


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
        check_model(name, arguments)
    return call_checked(MODELS[name], table="model", written=arguments, own=given)
