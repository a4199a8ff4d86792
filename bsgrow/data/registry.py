"""The data sets that a recipe can name; without numpy until one of them is opened."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bsgrow.data.arrays import cifar, digits, fashion_mnist
from bsgrow.data.arrays.own_spec import NPZ, user_data
from bsgrow.data.encoded import imagenet
from bsgrow.data.encoded.spec import LAYOUTS
from bsgrow.data.parquet.spec import PARQUET
from bsgrow.data.spec import DatasetSpec
from bsgrow.user_code.names import is_user_code
from bsgrow.validation.registry import Registry

if TYPE_CHECKING:
    from bsgrow.data.arrays.dataset import ArrayDataset

DATASETS: Registry[DatasetSpec] = Registry("data set")
for _spec in (
    digits.DIGITS,
    fashion_mnist.FASHION_MNIST,
    cifar.CIFAR10,
    cifar.CIFAR100,
    imagenet.IMAGENET,
    NPZ,
    PARQUET,
    *LAYOUTS.values(),
):
    DATASETS.register(_spec.name, _spec)


def find_spec(name: str) -> DatasetSpec:
    """What is known of the data set called `name`.

    Raises:
        InputError: no data set has this name; the hint offers the nearest one.
    """
    return DATASETS.find(name, f"data.name = {name!r}")


def spec_of(name: str, arguments: Mapping[str, Any]) -> DatasetSpec | None:
    """What is known of the data set that a recipe names; None: nothing is.

    Args:
        name: of a data set, or of a function of the user, ``package.module:function``.
        arguments: of that function.

    Raises:
        InputError: a name with a colon is not of that form.
    """
    return user_data(name, arguments) if is_user_code(name) else DATASETS.get(name)


def load_dataset(name: str, path: Path | None = None, *, download: bool = True) -> "ArrayDataset":
    """Reads a data set into memory; see `DatasetSpec.fetch`.

    Raises:
        InputError: as `find_spec` and `fetch`.
        BsgrowError: as `fetch`.
    """
    return find_spec(name).fetch(path, download=download)
