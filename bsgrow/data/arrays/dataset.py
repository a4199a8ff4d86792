"""A data set in memory: two splits of uint8 images, their statistics, and their digest."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bsgrow.errors import InputError


@dataclass(frozen=True, eq=False)
class ArraySplit:
    """Images and labels of one split, as read-only views of the arrays given.

    Args:
        images: uint8 [N, C, H, W], C-contiguous (planar: the crop kernel copies whole rows).
        labels: int64 [N], C-contiguous.

    Raises:
        InputError: an array has another dtype, rank, layout or length.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __post_init__(self) -> None:
        _check_array("images", self.images, np.uint8, 4)
        _check_array("labels", self.labels, np.int64, 1)
        if not 0 < len(self.images) == len(self.labels):
            raise InputError(
                f"a split has {len(self.images)} images and {len(self.labels)} labels; "
                "it needs one label an image, and at least one image"
            )
        object.__setattr__(self, "images", _read_only(self.images))
        object.__setattr__(self, "labels", _read_only(self.labels))

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True, eq=False)
class ArrayDataset:
    """Images in memory, ready to be streamed; see `Dataset`.

    Args:
        name: its name in the registry, or any other.
        train: the split that the sample stream draws from.
        test: the held-out split.
        num_classes: labels are in [0, num_classes).
        mean: per channel, of pixel / 255.
        std: per channel, of pixel / 255, greater than 0.
        fingerprint: what `fingerprint(train, test)` gives; ties a checkpoint to its data.

    Raises:
        InputError: splits, classes and statistics do not fit each other.
    """

    name: str
    train: ArraySplit
    test: ArraySplit
    num_classes: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fingerprint: str

    def __post_init__(self) -> None:
        if self.train.images.shape[1:] != self.test.images.shape[1:]:
            raise InputError(
                f"{self.name}: train images are {self.train.images.shape[1:]} and test images "
                f"{self.test.images.shape[1:]}; both splits need the same shape (C, H, W)"
            )
        _check_statistics(self.name, self.image_shape[0], self.mean, self.std)
        for split_name, split in (("train", self.train), ("test", self.test)):
            _check_labels(f"{self.name}, {split_name} split", split.labels, self.num_classes)

    @property
    def num_samples(self) -> int:
        """N, the length of the training split."""
        return len(self.train)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        _, channels, height, width = self.train.images.shape
        return channels, height, width


def fingerprint(train: ArraySplit, test: ArraySplit) -> str:
    """The digest of all that training sees, the same on every machine.

    Returns:
        ``"sha256:"`` and 64 hex digits over shapes, pixels and labels of train, then test.
    """
    digest = hashlib.sha256()
    for split in (train, test):
        digest.update(repr(split.images.shape).encode())
        digest.update(split.images.data)
        # Little-endian whatever the host, so that the digest travels; no copy where it already is.
        digest.update(split.labels.astype("<i8", copy=False).data)
    return f"sha256:{digest.hexdigest()}"


def _check_array(name: str, array: NDArray[Any], dtype: type[np.generic], ndim: int) -> None:
    if array.dtype != dtype or array.ndim != ndim or not array.flags.c_contiguous:
        layout = "C-contiguous" if array.flags.c_contiguous else "not C-contiguous"
        raise InputError(
            f"{name} are {array.dtype} of shape {array.shape}, {layout}; "
            f"needed is C-contiguous {np.dtype(dtype)} with {ndim} dimension(s)"
        )


def _check_statistics(
    name: str, num_channels: int, mean: tuple[float, ...], std: tuple[float, ...]
) -> None:
    if not len(mean) == len(std) == num_channels:
        raise InputError(
            f"{name}: mean {mean} and std {std} need one value for each of {num_channels} channels"
        )
    if not (np.isfinite(mean).all() and np.isfinite(std).all() and min(std) > 0):
        raise InputError(f"{name}: mean {mean} and std {std} must be finite, and std above 0")


def _check_labels(where: str, labels: NDArray[np.int64], num_classes: int) -> None:
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= num_classes:
        raise InputError(
            f"{where}: labels run from {lowest} to {highest}; "
            f"{num_classes} classes allow 0 to {num_classes - 1}"
        )


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view
