"""Data sets of the user's arrays, in a file or from a function: all is known once they are read."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from bsgrow.data.spec import ArraySpec, DatasetSpec, Shape
from bsgrow.data.user_path import expand_user, searching
from bsgrow.errors import InputError
from bsgrow.text.printable import printable, shown
from bsgrow.user_code.names import check_name

if TYPE_CHECKING:
    from bsgrow.data.arrays.dataset import ArrayDataset
    from bsgrow.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class OwnArraysSpec(DatasetSpec):
    """Arrays that are read into memory, of whatever number and shape."""

    num_samples: int | None = None
    num_test_samples: int | None = None
    num_classes: int | None = None
    usual_shape: Shape | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    takes: ClassVar[frozenset[str]] = ArraySpec.takes | {"data.test_fraction"}

    def open(self, path: Path | None, test_fraction: float | None = None) -> "Dataset":
        """Read the arrays."""
        with searching():
            return self._read(path and expand_user(path), test_fraction)

    def fetch(self, path: Path | None = None, *, download: bool = True) -> "ArrayDataset":
        """Read the arrays, which need a test split; nothing is downloaded."""
        from bsgrow.data.arrays.dataset import ArrayDataset  # late: NumPy

        dataset = self.open(path)
        assert isinstance(dataset, ArrayDataset), self.name
        return dataset

    @abstractmethod
    def _read(self, path: Path | None, test_fraction: float | None) -> "Dataset":
        """Read them from a path without ``~``."""


@dataclass(frozen=True, kw_only=True)
class NpzSpec(OwnArraysSpec):
    """A file of NumPy's arrays at data.path."""

    def look(self, path: Path, test_fraction: float | None = None) -> None:
        """Check that a file is there that names arrays with a role."""
        self.count(path, test_fraction)

    def count(self, path: Path | None, test_fraction: float | None = None) -> int:
        """Count the training split.

        The header of its images says it; where a part is held out, the labels do.
        """
        file = _existing_file(path)
        from bsgrow.data.arrays.npz import read_counts
        from bsgrow.data.arrays.own import as_labels, check_fraction, held_out  # late: NumPy

        shape, labels = read_counts(file)
        where = printable(file)
        check_fraction(labels is None, test_fraction, where)
        if labels is None or test_fraction is None:
            return shape[0] if shape else 0
        held = held_out(as_labels(labels, where), test_fraction, where)
        return len(held) - int(held.sum())

    def _read(self, path: Path | None, test_fraction: float | None) -> "ArrayDataset":
        file = _existing_file(path)
        from bsgrow.data.arrays.npz import read_roles
        from bsgrow.data.arrays.own import make_dataset, pairs_of  # late: NumPy

        where = printable(file)
        return make_dataset(self.name, *pairs_of(read_roles(file), where), test_fraction, where)


@dataclass(frozen=True, kw_only=True)
class UserDataSpec(OwnArraysSpec):
    """What a function of the user returns, which is called where the data is read.

    Args:
        arguments: that it is called with.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)

    runs_code: ClassVar[bool] = True
    takes: ClassVar[frozenset[str]] = OwnArraysSpec.takes | {"run.num_workers"}

    def look(self, path: Path, test_fraction: float | None = None) -> None:
        """Do nothing: only the function knows what it wants of a path."""

    def refuse_to_count(self) -> NoReturn:
        """Raise InputError: a plan calls no function."""
        raise InputError(
            f"data.name = {shown(self.name)}: how many samples it returns is known once it has "
            "run, which a plan does not do",
            hint="set data.num_samples, such as --set data.num_samples=50000; training counts them",
        )

    def _read(self, path: Path | None, test_fraction: float | None) -> "Dataset":
        from bsgrow.data.arrays.returned import dataset_of  # late: NumPy
        from bsgrow.user_code.calling import call_user_code

        arguments = dict(self.arguments) | ({} if path is None else {"path": str(path)})
        returned = call_user_code(self.name, "data", arguments)
        return dataset_of(self.name, returned, test_fraction)


def user_data(name: str, arguments: Mapping[str, Any]) -> UserDataSpec:
    """Return what is known of the data of a function of the user, which is not imported.

    Raises:
        InputError: the name is not of the form ``package.module:function``.
    """
    check_name(name, "data.name")
    return UserDataSpec(name=name, description="a function of your own", arguments=arguments)


def _existing_file(path: Path | None) -> Path:
    if path is None:
        raise InputError(
            "data.path is not set", hint="set data.path to the .npz that savez of NumPy wrote"
        )
    file = expand_user(path)
    with searching():
        if not file.exists():
            raise InputError(
                f"data.path = {str(path)!r} does not exist",
                hint="give the .npz that savez of NumPy wrote",
            )
    return file


NPZ = NpzSpec(name="npz", description="arrays at data.path, by NumPy's savez")
