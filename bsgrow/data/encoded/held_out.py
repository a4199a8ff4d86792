"""Holding a part of one split out, by the names of its samples: the same ones on every machine.

A sample is held out where the first 64 bits of the SHA-256 of its name, as a number below 1, are
below the fraction; neither the order of the samples nor the others decide. Two things are mended
for each class, as few samples would else be lucky or not: one with two samples or more has at
least one held out, that of the lowest number, and one to train on, that of the highest.
"""

import hashlib
from collections.abc import Iterable
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.encoded.dataset import EncodedSplit
from bsgrow.errors import InputError
from bsgrow.text.printable import printable


class ClassedSplit(EncodedSplit, Protocol):
    """A split that knows the names of its classes."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """A name for each label, in order."""


class PartOfSplit:
    """Some samples of a split, in its order; see `EncodedSplit`.

    Args:
        split: all of them.
        samples: int64 [N], ascending.
        role: what the part is for, and what it was chosen by; part of the fingerprint.
    """

    def __init__(self, split: ClassedSplit, samples: NDArray[np.int64], role: str) -> None:
        self._split, self._samples, self._role = split, samples, role
        self.class_names = split.class_names
        self.labels: NDArray[np.int64] = split.labels[samples]
        self.labels.flags.writeable = False

    def __len__(self) -> int:
        return len(self._samples)

    @cached_property
    def fingerprint(self) -> str:
        """The digest of the whole split, and of how the part was chosen."""
        text = f"{self._split.fingerprint} {self._role}"
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    def name(self, sample: int) -> bytes:
        """The sample's name in the whole split."""
        return self._split.name(int(self._samples[sample]))

    def size(self, sample: int) -> tuple[int, int] | None:
        """Height and width of a sample; None where only the image says."""
        return self._split.size(int(self._samples[sample]))

    def read(self, sample: int) -> memoryview:
        """The encoded bytes of a sample; raises as the whole split does."""
        return self._split.read(int(self._samples[sample]))

    def locate(self, sample: int) -> str:
        """Where a sample is, for messages."""
        return self._split.locate(int(self._samples[sample]))


def hold_out(split: ClassedSplit, fraction: float, where: str) -> tuple[PartOfSplit, PartOfSplit]:
    """Cuts a split in two by the names of its samples.

    Args:
        split: at least one sample.
        fraction: about how much is held out, above 0 and below 1.
        where: the split, for messages.

    Returns:
        What is left to train on, and what is held out.

    Raises:
        InputError: no class has two samples.
    """
    held = choose(map(split.name, range(len(split))), split.labels, fraction)
    if not held.any():
        raise InputError(
            f"data.test_fraction = {fraction}: no class in {printable(where)} has two images, one "
            "to train on and one to hold out",
            hint="add images, or give a folder with train/ and val/ in it",
        )
    parts = (("train", np.flatnonzero(~held)), ("held out", np.flatnonzero(held)))
    train, test = (PartOfSplit(split, part, f"{role}, {fraction!r}") for role, part in parts)
    return train, test


def choose(names: Iterable[bytes], labels: NDArray[np.int64], fraction: float) -> NDArray[np.bool_]:
    """Which samples are held out, by the rule of this module.

    Args:
        names: of the samples.
        labels: int64 [N].
        fraction: above 0 and below 1.

    Returns:
        Bool [N].
    """
    digests = b"".join([hashlib.sha256(name).digest()[:8] for name in names])
    numbers = np.frombuffer(digests, ">u8").astype(np.float64) / 2**64
    held = numbers < fraction
    order = np.lexsort((numbers, labels))
    for same in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        if len(same) > 1:
            held[same[0]], held[same[-1]] = True, False
        else:
            held[same] = False
    return held
