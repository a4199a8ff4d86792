"""An item of a map-style data set: an image and its label, as arrays, whatever they came as."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.arrays.own import MOST_CLASSES

_FORM = (
    "an item is image and label: an image [C, H, W] of floats or uint8, as a tensor or an array, "
    "and a whole number; image.transpose(2, 0, 1) puts the channels of an array first"
)


class ItemError(ValueError):
    """An item that is not what is needed.

    Attributes:
        hint: what is needed.
    """

    hint = _FORM


class Item(NamedTuple):
    """An image, float32 or uint8 [C, H, W], and its label."""

    image: NDArray[Any]
    label: int


def checked_item(item: Any) -> Item:
    """Return the image and the label of an item.

    Raises:
        ItemError: it is anything else.
    """
    if not isinstance(item, tuple | list) or len(item) != 2:
        kind = type(item)
        length = f" of {len(item)}" if isinstance(item, tuple | list) else ""
        raise ItemError(f"is a {kind.__module__}.{kind.__qualname__}{length}")
    return Item(_image(item[0]), _label(item[1]))


def _image(image: Any) -> NDArray[Any]:
    if hasattr(image, "detach"):  # a tensor
        image = image.detach().cpu()
        image = image.float().numpy() if image.is_floating_point() else image.numpy()
    if not isinstance(image, np.ndarray):
        kind = type(image)
        raise ItemError(f"its image is a {kind.__module__}.{kind.__qualname__}")
    if image.ndim != 3 or 0 in image.shape or not (image.dtype == np.uint8 or _is_float(image)):
        raise ItemError(f"its image is {image.dtype} of shape {list(image.shape)}")
    if image.shape[2] in (3, 4) and min(image.shape[:2]) > 4:  # as a picture of Pillow's becomes
        raise ItemError(f"its image is of shape {list(image.shape)}, with the channels last")
    return image if image.dtype == np.uint8 else image.astype(np.float32, copy=False)


def _is_float(image: NDArray[Any]) -> bool:
    return image.dtype.kind == "f"


def _label(label: Any) -> int:
    if hasattr(label, "item") and getattr(label, "size", 0) != 0 and getattr(label, "ndim", 0) == 0:
        label = label.item()
    if isinstance(label, bool) or not isinstance(label, int):
        kind = type(label)
        raise ItemError(f"its label is a {kind.__module__}.{kind.__qualname__}")
    if not 0 <= label < MOST_CLASSES:
        raise ItemError(f"its label is {label}")
    return label
