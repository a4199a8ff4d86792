"""Arrays of the user, as a data set: which is which, what they may hold, and what is held out."""

import logging
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.arrays.dataset import ArrayDataset, ArraySplit, fingerprint
from bsgrow.data.encoded.held_out import choose
from bsgrow.errors import InputError
from bsgrow.text.printable import cut, printable

MOST_CLASSES = 1 << 20
HOLD_OUT = "or hold a part out with --set data.test_fraction=0.1"

_log = logging.getLogger(__name__)


class Roles(NamedTuple):
    """Names of the arrays of a data set; the last two may be absent."""

    images: str
    labels: str
    test_images: str
    test_labels: str


NAMES = (
    Roles("images", "labels", "test_images", "test_labels"),
    Roles("x_train", "y_train", "x_test", "y_test"),
    Roles("train_images", "train_labels", "test_images", "test_labels"),
)
"""What arrays are called: here, by Keras, and by MedMNIST."""

_ALLOWED = ", or ".join(", ".join(names) for names in NAMES)


def find_roles(names: Collection[str], where: str) -> tuple[Roles, bool]:
    """Find which arrays are images and labels, by their names.

    Args:
        names: of all that there are; what has no role is told of, and passed over.
        where: they are, for messages.

    Returns:
        Their names, and whether there is a test split.

    Raises:
        InputError: none of the conventions fits, or more than one does, or a part is missing.
    """
    roles = _one_convention(names, where)
    has_test = roles.test_images in names or roles.test_labels in names
    needed = roles if has_test else roles[:2]
    for name in needed:
        if name not in names:
            raise InputError(
                f"{where}: has no {name}, which goes with {', '.join(set(needed) - {name})}",
                hint="images and labels come in pairs",
            )
    if left := [name for name in names if name not in needed]:
        _log.warning("%s: not taken: %s", where, ", ".join(map(cut, left[:10])))
    return roles, has_test


def _one_convention(names: Collection[str], where: str) -> Roles:
    found = [roles for roles in NAMES if roles.images in names or roles.labels in names]
    if len(found) != 1:
        what = "both by one convention and by another" if found else "neither images nor labels"
        listed = ", ".join(map(cut, list(names)[:10])) or "nothing"
        raise InputError(
            f"{where}: holds {what}; it has {listed}; names are {_ALLOWED}",
            hint="give the arrays the names of one row",
        )
    return found[0]


def make_dataset(
    name: str,
    train: tuple[Any, Any],
    test: tuple[Any, Any] | None,
    test_fraction: float | None,
    where: str,
) -> ArrayDataset:
    """Make a data set of images and labels as the user has them.

    Images are [N, H, W], or [N, H, W, C] or [N, C, H, W], of which C is the shorter; uint8, other
    whole numbers from 0 to 255, or fractions from 0 to 1, which become the nearest of 256 levels.
    Labels are whole numbers [N] or [N, 1] from 0. Mean and deviation are those of the training
    split.

    Args:
        name: of the data set.
        train: images and labels.
        test: those of the held-out split, if there is one.
        test_fraction: how much of the training split is held out, where there is none; by place.
        where: they are, for messages.

    Raises:
        InputError: they are anything else, or of no two classes.
    """
    first = make_split(*train, f"{where}, training split")
    check_fraction(test is not None, test_fraction, where)
    if test is not None:
        second = make_split(*test, f"{where}, test split")
    else:
        assert test_fraction is not None
        first, second = _hold_out(first, test_fraction, where)
    num_classes = 1 + int(max(first.labels.max(), second.labels.max()))
    if num_classes == 1:
        raise InputError(
            f"{where}: all labels are 0, so that there is nothing to tell apart",
            hint="labels are whole numbers from 0, one for each class",
        )
    statistics = mean_and_std(first.images)
    digest = fingerprint(first, second)
    return ArrayDataset(name, first, second, num_classes, *statistics, digest)


def check_fraction(has_test: bool, test_fraction: float | None, where: str) -> None:
    """Check that either there is a test split, or a fraction to hold out; raises InputError."""
    if has_test and test_fraction is not None:
        raise InputError(
            f"data.test_fraction = {test_fraction}: {where} has a test split already",
            hint="leave data.test_fraction out",
        )
    if not has_test and test_fraction is None:
        raise InputError(f"{where}: has no test split", hint=f"add one, {HOLD_OUT}")


def make_split(images: Any, labels: Any, where: str) -> ArraySplit:
    """Make a split of images and labels as the user has them; see ``make_dataset``."""
    pixels = _bytes(_planar(as_array(images, f"{where}: images"), where), where)
    classes = as_labels(as_array(labels, f"{where}: labels"), where)
    if len(pixels) != len(classes):
        raise InputError(
            f"{where}: has {len(pixels)} images and {len(classes)} labels",
            hint="each image has one label",
        )
    if not len(pixels):
        raise InputError(f"{where}: has no samples", hint="it needs one at least")
    return ArraySplit(np.ascontiguousarray(pixels), classes)


def held_out(labels: NDArray[np.int64], test_fraction: float, where: str) -> NDArray[np.bool_]:
    """Which samples are held out, by their places in the array; raises InputError where none is."""
    names = (str(place).encode() for place in range(len(labels)))
    held = choose(names, labels, test_fraction)
    if not held.any():
        raise InputError(
            f"data.test_fraction = {test_fraction}: no class in {where} has two images, one to "
            "train on and one to hold out",
            hint="add images, or a test split",
        )
    return held


def _hold_out(split: ArraySplit, test_fraction: float, where: str) -> tuple[ArraySplit, ArraySplit]:
    held = held_out(split.labels, test_fraction, where)
    train, test = (ArraySplit(split.images[part], split.labels[part]) for part in (~held, held))
    return train, test


def as_array(value: Any, where: str) -> NDArray[Any]:
    """Return what NumPy makes of an array or a tensor on the CPU; raises InputError for others."""
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "detach") and hasattr(value, "cpu"):  # torch's, which may be elsewhere
        value = value.detach().cpu()
    if hasattr(value, "__array__"):
        try:
            return np.asarray(value)
        except (TypeError, ValueError, RuntimeError) as error:
            raise InputError(f"{where}: are no array: {printable(str(error))}", _ARRAYS) from error
    kind = type(value)
    raise InputError(f"{where}: are a {kind.__module__}.{kind.__qualname__}", _ARRAYS)


_ARRAYS = "NumPy's arrays and torch's tensors are taken"


def as_labels(labels: NDArray[Any], where: str) -> NDArray[np.int64]:
    """Return labels as int64 [N]; see ``make_dataset``."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise InputError(
            f"{where}: labels are {labels.dtype} of shape {list(labels.shape)}",
            hint="labels are whole numbers [N], one for each image; of rows of zeros and a one, "
            "take the argmax",
        )
    if len(labels) and not in_range(labels):
        raise InputError(
            f"{where}: labels run from {labels.min()} to {labels.max()}",
            hint=f"labels are whole numbers from 0 to {MOST_CLASSES - 1} at most",
        )
    return labels.astype(np.int64)


def in_range(labels: NDArray[Any]) -> bool:
    """Whether labels, one at least, are from 0 to below ``MOST_CLASSES``."""
    return int(labels.min()) >= 0 and int(labels.max()) < MOST_CLASSES


def _bytes(images: NDArray[Any], where: str) -> NDArray[np.uint8]:
    """Images as uint8 of the same shape."""
    kind = images.dtype.kind
    if kind not in "iuf":
        raise InputError(
            f"{where}: images are {images.dtype}",
            hint="images are uint8, or fractions from 0 to 1",
        )
    if images.dtype == np.uint8 or not images.size:
        return images.astype(np.uint8, copy=False)
    low, high = images.min(), images.max()  # NaN, where one is
    most = 1 if kind == "f" else 255
    if not (low >= 0 and high <= most):
        raise InputError(
            f"{where}: images are {images.dtype} from {low} to {high}",
            hint="images are uint8, other whole numbers from 0 to 255, or fractions from 0 to 1",
        )
    if kind != "f":
        return images.astype(np.uint8)
    levels = np.empty(images.shape, np.uint8)
    for image, level in zip(images, levels, strict=True):  # no copy of all of them in floats
        level[...] = np.rint(image.astype(np.float64) * 255)
    return levels


def _planar(images: NDArray[Any], where: str) -> NDArray[Any]:
    """Images as [N, C, H, W], a view."""
    shape = list(images.shape)
    if images.ndim == 3 and 0 not in shape[1:]:
        return images[:, np.newaxis]
    if images.ndim != 4 or 0 in shape[1:]:
        raise InputError(
            f"{where}: images are of shape {shape}",
            hint="images are [N, H, W], [N, H, W, C] or [N, C, H, W]",
        )
    if shape[1] == shape[3]:
        raise InputError(
            f"{where}: images are of shape {shape}, of which the channels may be first or last",
            hint="channels are fewer than rows and columns",
        )
    return images if shape[1] < shape[3] else images.transpose(0, 3, 1, 2)


def mean_and_std(images: NDArray[np.uint8]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and deviation of each channel, of pixel / 255, the same on every machine.

    The deviation of a channel that is the same all over is 1, as it is divided by.

    Args:
        images: uint8 [N, C, H, W].
    """
    levels = np.arange(256) / 255
    means, stds = [], []
    for channel in range(images.shape[1]):
        counts = np.zeros(256, np.int64)
        for image in np.array_split(images[:, channel], max(1, len(images) // 4096)):
            counts += np.bincount(image.ravel(), minlength=256)
        mean = float(counts @ levels / counts.sum())
        means.append(mean)
        stds.append(float(np.sqrt(counts @ (levels - mean) ** 2 / counts.sum())) or 1.0)
    return tuple(means), tuple(stds)


def pairs_of(arrays: Mapping[str, Any], where: str) -> tuple[tuple[Any, Any], Any]:
    """Return the training pair and the test pair or None, of arrays by their names."""
    roles, has_test = find_roles(arrays.keys(), where)
    train = arrays[roles.images], arrays[roles.labels]
    return train, (arrays[roles.test_images], arrays[roles.test_labels]) if has_test else None
