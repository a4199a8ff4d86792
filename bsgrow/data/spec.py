"""What is known of a data set before any of it is read: enough to plan a run."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NoReturn, Protocol

from bsgrow.data.user_path import expand_user, searching

if TYPE_CHECKING:
    from bsgrow.data.arrays.dataset import ArrayDataset, ArraySplit
    from bsgrow.data.dataset import Dataset

Shape = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class DatasetSpec(ABC):
    """A data set that a recipe can name; None is what only its files say.

    Args:
        name: what ``data.name`` in a recipe says.
        description: one line for people.
        num_samples: N, the length of the training split.
        num_test_samples: the length of the held-out split.
        num_classes: labels are in [0, num_classes).
        usual_shape: (C, H, W) of what networks are usually shown.
        mean: per channel, of pixel / 255 over the training split.
        std: per channel, of pixel / 255 over the training split.
        class_names: of the labels, in order; empty where the data set has none, or its files say.
    """

    name: str
    description: str
    num_samples: int | None
    num_test_samples: int | None
    num_classes: int | None
    usual_shape: Shape | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    class_names: tuple[str, ...] = ()

    takes: ClassVar[frozenset[str]]
    """The keys of a recipe that have an effect on data of its kind, and not on all data."""

    runs_code: ClassVar[bool] = False
    """Whether to read it is to run a function of the user, which a plan does not do."""

    @property
    def image_shape(self) -> Shape | None:
        """(C, H, W) of one image; None where each has its own."""
        return self.usual_shape

    @property
    def identity(self) -> str:
        """What a run says that its data is called, beside their own fingerprint."""
        return self.name

    def count(self, path: Path | None, test_fraction: float | None = None) -> int | None:
        """Return N, the length of the training split; None where only reading it says.

        Args:
            path: of its files, which ``look`` has found to be there.
            test_fraction: as in ``look``.

        Raises:
            InputError, BsgrowError: as ``look``.
        """
        return self.num_samples

    def refuse_to_count(self) -> NoReturn:
        """Raise InputError: N is asked for, and ``count`` does not know it."""
        self.open(None)
        raise AssertionError(self.name)

    @abstractmethod
    def look(self, path: Path, test_fraction: float | None = None) -> "Dataset | None":
        """Check what is at a path, as far as that can be done without reading an image.

        Args:
            path: of its files, ``data.path`` in a recipe.
            test_fraction: how much of one split is held out; see `bsgrow.data.encoded.held_out`.

        Returns:
            The data set, where it is ready to be streamed without more; else None.

        Raises:
            InputError: nothing is there, it is another data set, or this one takes no path.
            BsgrowError: it is damaged, or the system refuses to look.
        """

    @abstractmethod
    def open(self, path: Path | None, test_fraction: float | None = None) -> "Dataset":
        """Make the data set ready to be streamed.

        Args:
            path: of its files, ``data.path`` in a recipe; None as `fetch`.
            test_fraction: how much of one split is held out; see `bsgrow.data.encoded.held_out`.

        Raises:
            InputError: there is no path where one is needed, or nothing is there.
            BsgrowError: a file is damaged or cannot be read, or the download failed.
        """

    @abstractmethod
    def fetch(self, path: Path | None = None, *, download: bool = True) -> "ArrayDataset":
        """Read the data set into memory, into read-only arrays; takes a few MB beside them.

        Args:
            path: of its files. None looks in the usual places, then downloads them once into the
                cache.
            download: False never touches the network.

        Raises:
            InputError: it is not read into memory, or a path without the files needed.
            BsgrowError: a file is damaged or cannot be read, or the download failed.
        """


class Load(Protocol):
    """Reads a data set into arrays: a function of where it is and whether it may be downloaded."""

    def __call__(self, path: Path | None, *, download: bool) -> "tuple[ArraySplit, ArraySplit]":
        """Returns the training split and the test split; see `DatasetSpec.fetch`."""


@dataclass(frozen=True, kw_only=True)
class ArraySpec(DatasetSpec):
    """A data set that is read into memory.

    Args:
        load: reads it into arrays.
        check_path: raises InputError where a path holds none of its files; reads none of them.
    """

    num_samples: int
    num_test_samples: int
    num_classes: int
    usual_shape: Shape
    load: Load
    check_path: Callable[[Path], object] = field(default=lambda path: None)

    takes: ClassVar[frozenset[str]] = frozenset(
        {"augment.pad", "augment.padding", "augment.cutout"}
    )

    def look(self, path: Path, test_fraction: float | None = None) -> None:
        """Check that something is at a path; reads none of it."""
        with searching():
            self.check_path(expand_user(path))

    def open(self, path: Path | None, test_fraction: float | None = None) -> "ArrayDataset":
        """Read it into memory; see `fetch`."""
        return self.fetch(path)

    def fetch(self, path: Path | None = None, *, download: bool = True) -> "ArrayDataset":
        """Read it into memory, of the length and shape that are known."""
        from bsgrow.data.arrays.dataset import (  # late: planning needs none
            ArrayDataset,
            fingerprint,
        )

        with searching():
            train, test = self.load(path and expand_user(path), download=download)
        assert len(train) == self.num_samples, (self.name, len(train))
        assert len(test) == self.num_test_samples, (self.name, len(test))
        assert train.images.shape[1:] == self.image_shape, (self.name, train.images.shape)
        digest = fingerprint(train, test)
        return ArrayDataset(self.name, train, test, self.num_classes, self.mean, self.std, digest)
