"""Which samples go into which shard: known before the first one is read."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.encoded.dataset import EncodedSplit
from bsgrow.data.packing.options import PackOptions
from bsgrow.data.shards.index_checks import MOST_CLASSES, MOST_TEXT_BYTES
from bsgrow.data.shards.layout import MAX_INDEX_BYTES, RECORD, VERSION
from bsgrow.errors import InputError
from bsgrow.images.jpeg.writing import encoder_versions

_FULL_INDEX = MAX_INDEX_BYTES // 2


class SourceSplit(EncodedSplit, Protocol):
    """A split that can be packed: an image folder or WebDataset tars."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """A name for each label, in order."""

    @property
    def num_bytes(self) -> NDArray[np.int64]:
        """Int64 [N]: lengths of the images as they are, -1 where not known."""


@dataclass(frozen=True, eq=False)
class PackPlan:
    """How a split becomes shards.

    Cutting by the lengths of the source files, and not by what becomes of them, makes every shard
    independent of the others: packing may stop after any and go on there.

    Args:
        source: the split.
        class_names: of the data set, as the file system has them.
        options: as given.
        changes: what is done to the pixels of the images that are changed.
        shards: the samples of each shard.
        pack_id: 32 bytes that say all of the above, and what encoded the images that are changed.
    """

    source: SourceSplit
    class_names: tuple[bytes, ...]
    options: PackOptions
    changes: str
    shards: Sequence[range]
    pack_id: bytes


def plan_pack(
    source: SourceSplit, class_names: tuple[str, ...], options: PackOptions, changes: str
) -> PackPlan:
    """Cuts a split into shards; reads lengths and names, no image.

    Raises:
        InputError: it has more classes than a shard can name.
    """
    names = tuple(os.fsencode(name) for name in class_names)
    _check_classes(names)
    encoder = encoder_versions() if changes else ""
    parts = [VERSION, options.shard_bytes, options.decode, changes, encoder, source.fingerprint]
    parts += ["restarts"] * options.restarts  # those packed before there were any stay the same
    digest = hashlib.sha256(repr((*parts, names)).encode())
    shards = _cut(source, options.shard_bytes)
    return PackPlan(source, names, options, changes, shards, digest.digest())


def _check_classes(names: tuple[bytes, ...]) -> None:
    num_bytes = sum(len(name) + 1 for name in names)
    if len(names) > MOST_CLASSES or num_bytes > MOST_TEXT_BYTES["class names"]:
        raise InputError(
            f"{len(names)} classes, whose names take {num_bytes} bytes, are more than a shard "
            f"holds: {MOST_CLASSES} classes and {MOST_TEXT_BYTES['class names'] >> 20} MiB",
            hint="give each class a folder with a shorter name, or put classes together",
        )


def _cut(source: SourceSplit, shard_bytes: int) -> list[range]:
    """Runs of samples, each closed by the one that fills it."""
    shards, start, num_bytes, index_bytes = [], 0, 0, 0
    for sample, length in enumerate(source.num_bytes):
        num_bytes += max(0, int(length))
        index_bytes += RECORD.itemsize + len(source.name(sample))
        if num_bytes >= shard_bytes or index_bytes >= _FULL_INDEX:
            shards.append(range(start, sample + 1))
            start, num_bytes, index_bytes = sample + 1, 0, 0
    if start < len(source):
        shards.append(range(start, len(source)))
    return shards
