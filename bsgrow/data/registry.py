"""The data sets that a recipe can name."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from bsgrow.data import cifar, digits, fashion_mnist, imagenet
from bsgrow.data.dataset import ArraySplit, Dataset, fingerprint
from bsgrow.data.encoded import EncodedDataset
from bsgrow.data.named_encoded import open_named
from bsgrow.data.sources import ENCODED, expand_user, load_encoded
from bsgrow.data.spec import DatasetSpec, Load
from bsgrow.errors import BsgrowError, InputError, did_you_mean

_SPECS = (
    digits.DIGITS,
    fashion_mnist.FASHION_MNIST,
    cifar.CIFAR10,
    cifar.CIFAR100,
    imagenet.IMAGENET,
)

DATASETS: Mapping[str, DatasetSpec] = MappingProxyType({spec.name: spec for spec in _SPECS})


def find_spec(name: str) -> DatasetSpec:
    """What is known of the data set called `name`.

    Raises:
        InputError: no data set has this name; the hint offers the nearest one.
    """
    if name in DATASETS:
        return DATASETS[name]
    hint = did_you_mean(name, [*DATASETS, *ENCODED])
    raise InputError(f"data.name = {name!r}: no such data set", hint=hint)


def load_dataset(name: str, path: Path | None = None, *, download: bool = True) -> Dataset:
    """Reads a data set into memory.

    Args:
        name: a key of `DATASETS`.
        path: where its files are (``data.path`` in a recipe). None looks in the usual places,
            then downloads them once into the cache.
        download: False never touches the network.

    Returns:
        The data set, its arrays read-only. Reading takes a few MB beside them.

    Raises:
        InputError: an unknown name, one of encoded images, or a path without the files needed.
        BsgrowError: a file is damaged or cannot be read, or the download failed.
    """
    spec = find_spec(name)
    if spec.load is None:
        raise InputError(
            f"data.name = {name!r}: its samples are encoded images, which bsgrow cannot download",
            hint="set data.path in the recipe to where they are, and `bsgrow train` reads them",
        )
    train, test = _load(spec.load, path, download=download)
    assert len(train) == spec.num_samples, (name, len(train))
    assert len(test) == spec.num_test_samples, (name, len(test))
    assert train.images.shape[1:] == spec.image_shape, (name, train.images.shape)
    digest = fingerprint(train, test)
    return Dataset(name, train, test, spec.num_classes, spec.mean, spec.std, digest)


def is_encoded(name: str) -> bool:
    """Whether the samples of a data set are encoded images: of any layout, or of a named set."""
    return name in ENCODED or (name in DATASETS and DATASETS[name].is_encoded)


def check_path(name: str, path: Path) -> None:
    """Checks that something is at the path of a data set in arrays; reads none of it.

    Args:
        name: a key of `DATASETS` whose samples are arrays.
        path: of its files.

    Raises:
        InputError: nothing is there, or the set takes no path.
        BsgrowError: the system refuses to look.
    """
    try:
        DATASETS[name].check_path(expand_user(path))
    except OSError as error:
        raise _unsearchable(error) from error


def open_encoded(
    name: str, path: Path | None, test_fraction: float | None = None
) -> EncodedDataset:
    """Opens a data set of encoded images: lists and checks it, reads no image.

    Args:
        name: a key of `ENCODED`, or of `DATASETS` where its spec `is_encoded`.
        path: holds ``train/``, and ``val/`` or ``test/``; see `load_encoded`.
        test_fraction: see `load_encoded`; for a key of `ENCODED`.

    Raises:
        InputError, BsgrowError: as `load_encoded`; or it is not the set that it is called.
    """
    if name in ENCODED:
        return load_encoded(name, path, test_fraction)
    return open_named(find_spec(name), path)


def _load(load: Load, path: Path | None, *, download: bool) -> tuple[ArraySplit, ArraySplit]:
    try:
        return load(path and expand_user(path), download=download)
    except OSError as error:
        raise _unsearchable(error) from error


def _unsearchable(error: OSError) -> BsgrowError:
    """Looking for files may fail: a folder that may not be searched, a name too long."""
    return BsgrowError(f"data.path: {error}", hint="check that it may be read")
