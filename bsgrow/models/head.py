"""The head of a model: the layer that tells the classes, found by rule."""

from typing import NamedTuple

from torch import Tensor, nn

from bsgrow.errors import InputError


class Head(NamedTuple):
    """A layer, and its name in the model."""

    name: str
    layer: nn.Module


def head_of(model: nn.Module, num_classes: int) -> Head | None:
    """Return the layer that makes the logits; None where there is none to be found.

    It is what ``model.get_classifier()`` returns, as models of timm have it; else the last layer,
    in the order in which they were defined, whose weight has a row for each class: torchvision's
    ``fc``, ``classifier[-1]`` and ``heads.head``, and the linear layer of bsgrow's own models.
    """
    return _told(model) or _last_of_classes(model, num_classes)


def require_head(model: nn.Module, num_classes: int, key: str) -> Head:
    """Return the head.

    Args:
        model: as it is built.
        num_classes: of the data.
        key: of the recipe that asks for it, and its value, for the message.

    Raises:
        InputError: none is found.
    """
    head = head_of(model, num_classes)
    if head is None:
        raise InputError(
            f"{key}: no layer of the model has a weight with a row for each of {num_classes} "
            "classes, which would be its head",
            hint="leave the key out, or make the last layer of the model one of torch.nn.Linear",
        )
    return head


def _told(model: nn.Module) -> Head | None:
    tell = getattr(model, "get_classifier", None)
    layer: object = tell() if callable(tell) else None
    for name, each in model.named_modules():
        if id(each) == id(layer) and any(True for _ in each.parameters()):
            return Head(name, each)
    return None


def _last_of_classes(model: nn.Module, num_classes: int) -> Head | None:
    layers = [
        Head(name, each)
        for name, each in model.named_modules()
        if not isinstance(each, nn.Embedding) and _has_rows(each, num_classes)
    ]
    return layers[-1] if layers else None


def _has_rows(layer: nn.Module, num_classes: int) -> bool:
    weight = getattr(layer, "weight", None)
    return isinstance(weight, Tensor) and weight.ndim > 1 and len(weight) == num_classes
