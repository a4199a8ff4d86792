"""Encoded images: samples that stay files until they are decoded, and what may go wrong with one.

A split hands out bytes; it decodes nothing. The three sources (image folders, packed shards,
WebDataset tars) differ only in where the bytes are.
"""

import hashlib
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.encoded.names import Names
from bsgrow.data.encoded.spec import PHOTOGRAPH_MEAN, PHOTOGRAPH_STD
from bsgrow.errors import BsgrowError

MAX_SAMPLE_BYTES = 1 << 30
"""Longest encoded image that is read, 1 GiB: above any photograph, below what exhausts a host."""


class DamagedError(BsgrowError):
    """A file cannot be used as what it should be.

    Args:
        where: the file, and the byte offset where that says more.
        reason: what is wrong with it.
        hint: what to do about it.

    Attributes:
        where: as given.
        reason: as given.
    """

    def __init__(self, where: str, reason: str, hint: str | None = None) -> None:
        super().__init__(f"{where}: {reason}", hint)
        self.where = where
        self.reason = reason

    def __reduce__(self) -> tuple[type["DamagedError"], tuple[str, str, str | None]]:
        return type(self), (self.where, self.reason, self.hint)


class SampleError(DamagedError):
    """One sample cannot be used, and the others may be: its file is missing or damaged."""


class EncodedSplit(Protocol):
    """One split of encoded images; reading is thread-safe and survives a fork."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """Int64 [N], read-only, each in [0, num_classes)."""

    @property
    def fingerprint(self) -> str:
        """What `split_fingerprint` gives; computed when first asked for."""

    def __len__(self) -> int:
        """N, the number of samples."""

    def name(self, sample: int) -> bytes:
        """The sample's name in its split, such as ``b"class/image.jpg"``."""

    def size(self, sample: int) -> tuple[int, int] | None:
        """Height and width of a sample after EXIF orientation; None: only the image says.

        Packed shards know them, to be compared with the images; a loader goes by the images.
        """

    def read(self, sample: int) -> memoryview:
        """The encoded bytes of a sample, contiguous, at least one.

        Raises:
            SampleError: they cannot be read, or are not those that were packed.
            BsgrowError: the process or the machine has run out of files or memory.
        """

    def locate(self, sample: int) -> str:
        """Where a sample is, for messages: its file, or its shard and byte offset."""


@dataclass(frozen=True, eq=False)
class EncodedDataset:
    """Encoded images, ready to be streamed; see `Dataset`.

    Args:
        name: ``"folder"``, ``"shards"`` or ``"webdataset"``.
        train: the split that the sample stream draws from.
        test: the held-out split.
        class_names: a name for each label, in order.
        mean: per channel, of pixel / 255.
        std: per channel, of pixel / 255, greater than 0.
    """

    name: str
    train: EncodedSplit
    test: EncodedSplit
    class_names: tuple[str, ...]
    mean: tuple[float, ...] = PHOTOGRAPH_MEAN
    std: tuple[float, ...] = PHOTOGRAPH_STD
    image_shape: ClassVar[None] = None

    @property
    def num_samples(self) -> int:
        """N, the length of the training split."""
        return len(self.train)

    @property
    def num_classes(self) -> int:
        """Labels are in [0, num_classes)."""
        return len(self.class_names)

    @property
    def fingerprint(self) -> str:
        """The digest of classes and both splits; the same for a folder and for its shards."""
        parts = (*self.class_names, self.train.fingerprint, self.test.fingerprint)
        text = "\0".join(parts).encode(errors="surrogateescape")
        return f"sha256:{hashlib.sha256(text).hexdigest()}"


def split_fingerprint(
    names: Names,
    labels: NDArray[np.int64],
    num_bytes: NDArray[np.int64],
    changes: str = "",
) -> str:
    """The digest that ties a checkpoint to a split, the same on every machine.

    It covers the order of the samples, their names, their labels and the lengths of their files:
    everything that can be known without reading a million images. An image replaced by another
    one of exactly the same length is not noticed.

    Args:
        names: of the samples, in order.
        labels: int64 [N].
        num_bytes: int64 [N], length of the file that each sample is or was made of; -1: unknown.
        changes: what packing did to the pixels; empty where they are those of the files.

    Returns:
        ``"sha256:"`` and 64 hex digits.
    """
    digest = hashlib.sha256(names.joined)
    # Little-endian whatever the host, so that the digest travels.
    for array in (names.ends, labels, num_bytes):
        digest.update(array.astype("<i8").data)
    digest.update(changes.encode())
    return f"sha256:{digest.hexdigest()}"
