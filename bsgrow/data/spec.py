"""What is known of a data set before any of it is read: enough to plan a run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bsgrow.data.dataset import ArraySplit


class Load(Protocol):
    """Reads a data set: a function of where it is and whether it may be downloaded."""

    def __call__(self, path: Path | None, *, download: bool) -> tuple[ArraySplit, ArraySplit]:
        """Returns the training split and the test split; see `load_dataset`."""


@dataclass(frozen=True)
class DatasetSpec:
    """A named data set.

    Args:
        name: what ``data.name`` in a recipe says.
        description: one line for people.
        num_samples: N, the length of the training split.
        num_test_samples: the length of the held-out split.
        num_classes: labels are in [0, num_classes).
        image_shape: (C, H, W).
        mean: per channel, of pixel / 255 over the training split.
        std: per channel, of pixel / 255 over the training split.
        load: reads it into arrays; None: its samples stay encoded images, at ``data.path``.
        check_path: raises InputError where a path holds none of its files; reads none of them.
    """

    name: str
    description: str
    num_samples: int
    num_test_samples: int
    num_classes: int
    image_shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    load: Load | None
    check_path: Callable[[Path], object] = lambda path: None

    @property
    def is_encoded(self) -> bool:
        """Whether its samples stay encoded images until they are shown."""
        return self.load is None
