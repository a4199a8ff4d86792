"""What a function of the user returns as data: arrays, by names or in pairs."""

from collections.abc import Mapping
from typing import Any

from bsgrow.data.arrays.dataset import ArrayDataset
from bsgrow.data.arrays.own import make_dataset, pairs_of
from bsgrow.data.map_style.dataset import MapDataset, is_map_style, make_map_dataset
from bsgrow.errors import InputError
from bsgrow.text.printable import shown

FORMS = (
    "return images and labels, or two such pairs, of which the second is held out, or a mapping "
    "of arrays by their names, or one or two map-style data sets"
)


def dataset_of(name: str, returned: Any, test_fraction: float | None) -> ArrayDataset | MapDataset:
    """Make a data set of what a function returned.

    Args:
        name: of the function.
        returned: one pair of images and labels, or two, of which the second is held out, as Keras
            returns them; or a mapping with the names of ``bsgrow.data.arrays.own.NAMES``; or one or
            two map-style data sets.
        test_fraction: how much of the one pair is held out.

    Raises:
        InputError: it is anything else; the message says what.
    """
    where = f"data.name = {shown(name)}"
    if isinstance(returned, Mapping):
        if not all(isinstance(key, str) for key in returned):
            raise InputError(f"{where}: returned a mapping with keys that are no text", FORMS)
        return make_dataset(name, *pairs_of(returned, where), test_fraction, where)
    if is_map_style(returned):
        return make_map_dataset(name, returned, None, test_fraction, where)
    if not _is_pair(returned):
        raise InputError(f"{where}: returned {_described(returned)}", FORMS)
    first, second = returned
    if is_map_style(first) and is_map_style(second):
        return make_map_dataset(name, first, second, test_fraction, where)
    if _is_pair(first) and _is_pair(second):
        return make_dataset(name, tuple(first), tuple(second), test_fraction, where)
    return make_dataset(name, (first, second), None, test_fraction, where)


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2


def _described(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    if value is None:
        return "None"
    return f"an object of {type(value).__module__}.{type(value).__qualname__}"
