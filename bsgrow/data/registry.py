"""The data sets that a recipe can name; without numpy until one of them is opened."""

from pathlib import Path
from typing import TYPE_CHECKING

from bsgrow.data.arrays import cifar, digits, fashion_mnist
from bsgrow.data.encoded import imagenet
from bsgrow.data.encoded.spec import LAYOUTS
from bsgrow.data.spec import DatasetSpec
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
    *LAYOUTS.values(),
):
    DATASETS.register(_spec.name, _spec)


def find_spec(name: str) -> DatasetSpec:
    """What is known of the data set called `name`.

    Raises:
        InputError: no data set has this name; the hint offers the nearest one.
    """
    return DATASETS.find(name, f"data.name = {name!r}")


def load_dataset(name: str, path: Path | None = None, *, download: bool = True) -> "ArrayDataset":
    """Reads a data set into memory; see `DatasetSpec.fetch`.

    Raises:
        InputError: as `find_spec` and `fetch`.
        BsgrowError: as `fetch`.
    """
    return find_spec(name).fetch(path, download=download)
