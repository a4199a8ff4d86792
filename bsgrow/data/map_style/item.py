"""An item of a map-style data set: an input and its label, as arrays, whatever they came as."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.arrays.own import MOST_CLASSES, in_range
from bsgrow.data.sample_form import SampleForm

_FORM = (
    "an item is input and label: an image [C, H, W] of floats or uint8, or other numbers, such as "
    "tokens [T], as a tensor or an array; and a whole number, or an array of them, such as [T]"
)


_CHANNELS = "an image is [C, H, W]: image.transpose(2, 0, 1) puts the channels of an array first"


class ItemError(ValueError):
    """An item that is not what is needed.

    Attributes:
        hint: what is needed.
    """

    def __init__(self, message: str, hint: str = _FORM) -> None:
        super().__init__(message)
        self.hint = hint


class Item(NamedTuple):
    """An input, float32, uint8 or int64 of any shape, such as [C, H, W] or [T], and its label.

    The label is a class, or int64 with one for each of several targets.
    """

    input: NDArray[Any]
    label: int | NDArray[np.int64]

    @property
    def form(self) -> SampleForm:
        """What a model is given of it, and what it is to tell."""
        labels = self.label.shape if isinstance(self.label, np.ndarray) else ()
        return SampleForm(self.input.shape, labels, self.input.dtype == np.int64)


def checked_item(item: Any) -> Item:
    """Return the input and the label of an item.

    Raises:
        ItemError: it is anything else.
    """
    if not isinstance(item, tuple | list) or len(item) != 2:
        kind = type(item)
        length = f" of {len(item)}" if isinstance(item, tuple | list) else ""
        raise ItemError(f"is a {kind.__module__}.{kind.__qualname__}{length}")
    return Item(_input(_as_array(item[0])), _label(_as_array(item[1])))


def _as_array(value: Any) -> Any:
    """Return a tensor as an array, and anything else as it is."""
    if not hasattr(value, "detach"):
        return value
    value = value.detach().cpu()
    return value.float().numpy() if value.is_floating_point() else value.numpy()


def _input(given: Any) -> NDArray[Any]:
    if not isinstance(given, np.ndarray):
        kind = type(given)
        raise ItemError(f"its input is a {kind.__module__}.{kind.__qualname__}")
    kind, shape = given.dtype.kind, given.shape
    if not shape or 0 in shape or kind not in "iuf":
        raise ItemError(f"its input is {given.dtype} of shape {list(shape)}")
    is_image = len(shape) == 3 and (kind == "f" or given.dtype == np.uint8)
    if is_image and shape[2] in (3, 4) and min(shape[:2]) > 4:  # as a picture of Pillow's becomes
        raise ItemError(f"its image is of shape {list(shape)}, with the channels last", _CHANNELS)
    if given.dtype == np.uint8:
        return given
    return given.astype(np.float32 if kind == "f" else np.int64, copy=False)


def _label(label: Any) -> int | NDArray[np.int64]:
    if isinstance(label, np.ndarray) and label.ndim > 0:
        return _labels(label)
    if hasattr(label, "item") and getattr(label, "size", 0) != 0 and getattr(label, "ndim", 0) == 0:
        label = label.item()
    if isinstance(label, bool) or not isinstance(label, int):
        kind = type(label)
        raise ItemError(f"its label is a {kind.__module__}.{kind.__qualname__}")
    if not 0 <= label < MOST_CLASSES:
        raise ItemError(f"its label is {label}")
    return label


def _labels(labels: NDArray[Any]) -> NDArray[np.int64]:
    if 0 in labels.shape or labels.dtype.kind not in "iu":
        raise ItemError(f"its label is {labels.dtype} of shape {list(labels.shape)}")
    if not in_range(labels):
        raise ItemError(f"its label runs from {labels.min()} to {labels.max()}")
    return labels.astype(np.int64, copy=False)
