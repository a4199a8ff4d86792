"""Writing one shard: images first, then the index into the room kept for it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from bsgrow.data.encoded.dataset import SampleError
from bsgrow.data.encoded.names import Names
from bsgrow.data.packing.plan import PackPlan
from bsgrow.data.packing.preparation import Packed
from bsgrow.data.shards import shard_name
from bsgrow.data.shards.index_checks import MOST_TEXT_BYTES
from bsgrow.data.shards.layout import ALIGNMENT, HEADER, RECORD, Index, align, encode
from bsgrow.errors import InputError
from bsgrow.files.atomic import write_atomically
from bsgrow.images.encoded import Encoded

FULL_DISK_HINT = "make room and run the same command again: finished shards are kept"

_BUFFERED_BYTES = 1 << 20
_ZEROS = bytes(ALIGNMENT)

Outcome = SampleError | None
"""Of one sample: why it was left out, or None."""


def write_shard(
    plan: PackPlan,
    number: int,
    path: Path,
    results: Iterator[Packed | SampleError],
    on_sample: Callable[[Outcome], None],
) -> None:
    """Writes one shard under a temporary name, and renames it once it is whole.

    In memory are its index, which takes 40 bytes a sample and the names, and 1 MiB of images.

    Args:
        plan: what goes where.
        number: of the shard.
        path: of the file.
        results: what became of each of its samples, in order.
        on_sample: told of each sample, in order, as it is written or left out.

    Raises:
        SampleError: a file cannot be used, and `options.on_error` is ``"raise"``.
        InputError: more was left out than a shard can list.
        BsgrowError: the shard cannot be written.
    """
    write = partial(_write, plan, number, results, on_sample)
    write_atomically(path, write, FULL_DISK_HINT)


def _write(
    plan: PackPlan,
    number: int,
    results: Iterator[Packed | SampleError],
    on_sample: Callable[[Outcome], None],
    file: BinaryIO,
) -> None:
    samples = plan.shards[number]
    shard = _Shard(_Buffered(file, _room_for_index(plan, samples)), len(samples))
    for position, result in enumerate(results):
        if isinstance(result, SampleError):
            shard.left_out.append(position)
            on_sample(result)
        else:
            shard.append(result)
            on_sample(None)
    shard.finish(plan, number)


@dataclass(eq=False)
class _Buffered:
    """Images written one after the other, from `position` on, many at a time.

    The file's own buffer takes a few kilobytes, which is a system call for each image.
    """

    file: BinaryIO
    position: int
    parts: list[Encoded] = field(default_factory=list)
    num_bytes: int = 0

    def append(self, content: Encoded) -> int:
        """Returns where it begins: at a multiple of `ALIGNMENT`."""
        start = align(self.position)
        self.parts += (_ZEROS[: start - self.position], content)
        self.num_bytes += start - self.position + len(content)
        self.position = start + len(content)
        if self.num_bytes >= _BUFFERED_BYTES:
            self.flush()
        return start

    def flush(self) -> None:
        self.file.seek(self.position - self.num_bytes)
        self.file.write(b"".join(self.parts))
        self.parts, self.num_bytes = [], 0


@dataclass(eq=False)
class _Shard:
    """A shard that is being written: `num_images` of its samples so far."""

    images: _Buffered
    num_samples: int
    num_images: int = 0
    left_out: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.records = np.zeros(self.num_samples, RECORD)

    def append(self, image: Packed) -> None:
        start = self.images.append(image.content)
        # In the order of RECORD; what the source says of all is filled in at the end.
        record = (start, len(image.content), image.checksum, 0, image.height, image.width, 0, 0)
        self.records[self.num_images] = (*record, image.changed)
        self.num_images += 1

    def finish(self, plan: PackPlan, number: int) -> None:
        self.images.flush()
        index = self._index(plan, number)
        _check_left_out(index)
        index_bytes = sum(map(len, encode(index, 0)))
        parts = encode(index, self.images.position if self.num_images else index_bytes)
        self.images.file.seek(0)
        self.images.file.writelines(parts)

    def _index(self, plan: PackPlan, number: int) -> Index:
        """Fill in what the source says of all samples, and return what leads to the images."""
        source, samples = plan.source, plan.shards[number]
        left_out = [samples[position] for position in self.left_out]
        gone = set(left_out)
        names = Names.of(source.name(sample) for sample in samples if sample not in gone)
        records = self.records[: self.num_images]
        kept = _kept(samples, self.left_out)
        records["label"] = source.labels[kept]
        records["name_end"] = names.ends
        records["source_bytes"] = source.num_bytes[kept]
        return Index(
            pack_id=plan.pack_id,
            shard=number,
            num_shards=len(plan.shards),
            records=records,
            class_names=plan.class_names,
            names=names,
            changes=plan.changes,
            left_out=tuple(map(source.name, left_out)),
        )


def _check_left_out(index: Index) -> None:
    """Refuses what no reader would take back."""
    num_bytes = sum(len(name) + 1 for name in index.left_out)
    if num_bytes > (most := MOST_TEXT_BYTES["names left out"]):
        raise InputError(
            f"{shard_name(index.shard)}: the names of the {len(index.left_out)} files left out "
            f"take {num_bytes} bytes, more than the {most >> 20} MiB that a shard holds of them",
            hint="remove the files that cannot be used; without --on-error skip the first is named",
        )


def _kept(samples: range, left_out: Sequence[int]) -> slice | NDArray[np.int64]:
    """What to take of an array of all samples; no copy, where nothing is left out."""
    if not left_out:
        return slice(samples.start, samples.stop)
    return np.delete(np.arange(samples.start, samples.stop), left_out)


def _room_for_index(plan: PackPlan, samples: range) -> int:
    """Bytes that the index takes at most: a name left out takes less than a record."""
    names = sum(RECORD.itemsize + len(plan.source.name(sample)) for sample in samples)
    classes = sum(len(name) + 1 for name in plan.class_names)
    return HEADER.size + names + classes + len(plan.changes.encode())
