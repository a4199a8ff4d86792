"""What the classes of a data set are called."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bsgrow.data.registry import DATASETS

if TYPE_CHECKING:
    from bsgrow.data.dataset import Dataset


def class_names_of(dataset: "Dataset") -> tuple[str, ...] | None:
    """Return a name for each label of a data set, in order; None where it tells none."""
    spec = DATASETS.get(dataset.name)
    source = getattr(dataset.train, "source", None)  # of a map-style data set of the user
    told = getattr(dataset, "class_names", None) or (spec and spec.class_names)
    return _as_names(told or getattr(source, "classes", None), dataset.num_classes)


def _as_names(told: Any, num_classes: int) -> tuple[str, ...] | None:
    if not isinstance(told, Sequence) or len(told) != num_classes:
        return None
    names = tuple(told)
    is_text = all(isinstance(name, str) for name in names)
    return names if is_text and len({*names}) == num_classes else None
