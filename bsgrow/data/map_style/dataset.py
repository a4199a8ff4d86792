"""A map-style data set of the user, with what training asks of any data set."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.arrays.own import as_array, as_labels, check_fraction, held_out
from bsgrow.data.map_style.item import ItemError, checked_item
from bsgrow.data.sample_form import SampleForm
from bsgrow.errors import InputError
from bsgrow.user_code.errors import telling_users_errors

_ITERABLE = "torch.utils.data.dataset.IterableDataset"
_NUM_CLASSES = (
    "give it an attribute num_classes, or classes with their names, or targets with all labels, as "
    "the data sets of torchvision have"
)


def is_map_style(value: Any) -> bool:
    """Whether a value has items by an index and a length, and is no array and no sequence."""
    is_other = isinstance(value, np.ndarray | list | tuple | dict | str) or hasattr(
        value, "__array__"
    )
    kinds = [f"{kind.__module__}.{kind.__name__}" for kind in type(value).__mro__]
    is_other = is_other or _ITERABLE in kinds  # which has an order of its own, and __getitem__ too
    return not is_other and hasattr(value, "__getitem__") and hasattr(value, "__len__")


class MapSplit:
    """A data set of the user, or some of it.

    Args:
        source: what is indexed.
        samples: int64 [N], which of its items; None takes all.
    """

    def __init__(self, source: Any, samples: NDArray[np.int64] | None = None) -> None:
        self.source, self.samples = source, samples

    def __len__(self) -> int:
        return len(self.source) if self.samples is None else len(self.samples)

    def place(self, sample: int) -> int:
        """Return the index in the user's data set of a sample."""
        return sample if self.samples is None else int(self.samples[sample])

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Int64 [N, ...]; where the data set does not tell them, each item is read for its own."""
        told = _told_labels(self.source)
        if told is None:
            places = map(self.place, range(len(self)))
            return np.array([checked_item(self.source[place]).label for place in places], np.int64)
        return told if self.samples is None else told[self.samples]


@dataclass(frozen=True, eq=False)
class MapDataset:
    """Map-style data sets, ready to be streamed; see `Dataset`.

    Args:
        name: of the function that returned them.
        train: the split that the sample stream draws from.
        test: the held-out split.
        num_classes: labels are in [0, num_classes).
        form: what a model is given of each sample, and what it is to tell.
    """

    name: str
    train: MapSplit
    test: MapSplit
    num_classes: int
    form: SampleForm

    @property
    def num_samples(self) -> int:
        """N, the length of the training split."""
        return len(self.train)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of every input: (C, H, W) of images."""
        return self.form.shape

    @property
    def mean(self) -> tuple[float, ...]:
        """0 for each channel: inputs are taken as the data set gives them."""
        return (0.0,) * self.image_shape[0]

    @property
    def std(self) -> tuple[float, ...]:
        """1 for each channel."""
        return (1.0,) * self.image_shape[0]

    @property
    def fingerprint(self) -> str:
        """The digest of name, lengths, classes and shape: what is known without reading items."""
        form, lengths = self.form, (len(self.train), len(self.test))
        known: tuple[object, ...] = (self.name, *lengths, self.num_classes, form.shape)
        if not form.is_labelled_image:
            known += (form.label_shape, form.is_integer)
        return f"sha256:{hashlib.sha256(repr(known).encode()).hexdigest()}"


def make_map_dataset(
    name: str, train: Any, test: Any | None, test_fraction: float | None, where: str
) -> MapDataset:
    """Make a data set of one or two map-style ones; the first item of each is read.

    Args:
        name: of the function that returned them.
        train: items are input and label: an image [C, H, W] or another array, of floats, taken as
            they are, uint8, which is divided by 255, or other whole numbers, such as tokens; a
            label is a whole number from 0, or an array of them.
        test: what is held out, if that is another one.
        test_fraction: how much of ``train`` is held out, where there is no other.
        where: it is from, for messages.

    Raises:
        InputError: an item is anything else, there are none, or the number of classes is not told.
        UserCodeError: the data set raised an error.
    """
    check_fraction(test is not None, test_fraction, where)
    with telling_users_errors(where):
        splits = [MapSplit(each) for each in (train, test) if each is not None]
        num_classes = _num_classes(train)
        forms = [_first_form(split, where) for split in splits]
    if num_classes is None or num_classes < 2:
        tells = "no number of classes" if num_classes is None else f"{num_classes} classes"
        raise InputError(
            f"{where}: its data set tells {tells}, and two or more are needed",
            hint=_NUM_CLASSES,
        )
    if len({*forms}) > 1:
        raise InputError(
            f"{where}: a sample is {forms[0]} to train on, and {forms[1]} held out",
            hint="both need the same shapes",
        )
    if test_fraction is not None:
        splits = _hold_out(splits[0], forms[0], test_fraction, where)
    first, second = splits
    return MapDataset(name, first, second, num_classes, forms[0])


def _hold_out(split: MapSplit, form: SampleForm, fraction: float, where: str) -> list[MapSplit]:
    told = None if form.label_shape else _told_labels(split.source)  # else all are of one class
    labels = np.zeros(len(split), np.int64) if told is None else told
    held = held_out(labels, fraction, where)
    return [MapSplit(split.source, np.flatnonzero(part)) for part in (~held, held)]


def _first_form(split: MapSplit, where: str) -> SampleForm:
    if not len(split):
        raise InputError(f"{where}: its data set has no samples", hint="it needs one at least")
    try:
        return checked_item(split.source[0]).form
    except ItemError as error:
        raise InputError(f"{where}: item 0: {error}", hint=error.hint) from error


def _num_classes(source: Any) -> int | None:
    number, classes = getattr(source, "num_classes", None), getattr(source, "classes", None)
    if isinstance(number, Integral) and not isinstance(number, bool):
        return int(number)
    if isinstance(classes, Sequence):
        return len(classes)
    labels = _told_labels(source)
    return None if labels is None or not len(labels) else int(labels.max()) + 1


def _told_labels(source: Any) -> NDArray[np.int64] | None:
    """The labels that a data set tells by ``targets``, as torchvision's do; None where it has none.

    Raises:
        InputError: they are no labels of its items.
    """
    targets = getattr(source, "targets", None)
    if targets is None:
        return None
    array = np.asarray(targets) if isinstance(targets, list) else as_array(targets, "targets")
    is_one_each = array.ndim < 2 or array.shape[1:] == (1,) or array.dtype.kind not in "iu"
    labels = as_labels(array if is_one_each else array.reshape(-1), "targets")
    labels = labels if is_one_each else labels.reshape(array.shape)
    if len(labels) != len(source):
        raise InputError(
            f"targets: are {len(labels)} of {len(source)} items", hint="one belongs to each"
        )
    return labels
