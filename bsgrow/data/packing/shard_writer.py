"""Writing one shard: images first, then the index into the room kept for it."""

import zlib
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from bsgrow.data.encoded import SampleError
from bsgrow.data.in_order import map_in_order
from bsgrow.data.names import Names
from bsgrow.data.packing.plan import PackPlan
from bsgrow.data.packing.transform import DecodeCheck, Prepared, ToBaseline, prepare
from bsgrow.data.shards.layout import HEADER, RECORD, Index, align, encode
from bsgrow.files.atomic import write_atomically
from bsgrow.images.image_error import ImageError

FULL_DISK_HINT = "make room and run the same command again: finished shards are kept"
SKIP_HINT = "--on-error skip leaves out the files that cannot be used, and lists them"

Outcome = SampleError | None
"""Of one sample: why it was left out, or None."""


@dataclass(frozen=True, eq=False)
class ShardWriter:
    """Writes the shards of a plan.

    Args:
        plan: what goes where.
        executor: reads and changes images, several at once.
        num_ahead: how many images may be in memory.
        to_baseline: see `prepare`.
        also: likewise.
    """

    plan: PackPlan
    executor: Executor
    num_ahead: int
    to_baseline: ToBaseline | None
    also: DecodeCheck

    def write(self, number: int, path: Path, on_sample: Callable[[Outcome], None]) -> None:
        """Writes one shard under a temporary name, and renames it once it is whole.

        Args:
            number: of the shard.
            path: of the file.
            on_sample: told of each sample, in order, as it is written or left out.

        Raises:
            SampleError: a file cannot be used, and `options.on_error` is ``"raise"``.
            BsgrowError: the shard cannot be written.
        """
        write = partial(self._write, number, on_sample)
        write_atomically(path, write, FULL_DISK_HINT)

    def _write(self, number: int, on_sample: Callable[[Outcome], None], stream: BinaryIO) -> None:
        samples = self.plan.shards[number]
        shard = _Shard(stream, _room_for_index(self.plan, samples))
        results = map_in_order(self.executor, self._prepare, samples, self.num_ahead)
        for sample, result in zip(samples, results, strict=True):
            name = self.plan.source.name(sample)
            if isinstance(result, SampleError):
                shard.left_out.append(name)
            else:
                shard.append(name, *result)
            on_sample(result if isinstance(result, SampleError) else None)
        shard.finish(self.plan, number)

    def _prepare(self, sample: int) -> tuple[Prepared, dict[str, int]] | SampleError:
        """Reads and changes an image and works out what its record says; runs in a worker."""
        source = self.plan.source
        try:
            content = source.read(sample)
            expected = int(source.num_bytes[sample])
            if len(content) != expected:
                reason = f"{len(content)} bytes long, {expected} when packing began"
                raise SampleError(source.locate(sample), reason)
            image = self._change(sample, content)
        except SampleError as error:
            if self.plan.options.on_error == "skip":
                return error
            error.hint = error.hint or SKIP_HINT
            raise
        label = int(source.labels[sample])
        return image, {
            "checksum": zlib.crc32(image.content),
            "label": label,
            "source_bytes": expected,
        }

    def _change(self, sample: int, content: memoryview) -> Prepared:
        try:
            return prepare(content, self.plan.options, self.to_baseline, self.also)
        except ImageError as error:
            raise SampleError(self.plan.source.locate(sample), str(error)) from error


@dataclass(eq=False)
class _Shard:
    """A shard that is being written: images one after the other, from `position` on."""

    stream: BinaryIO
    position: int
    records: list[tuple[int, ...]] = field(default_factory=list)
    names: list[bytes] = field(default_factory=list)
    left_out: list[bytes] = field(default_factory=list)
    num_name_bytes: int = 0

    def append(self, name: bytes, image: Prepared, known: dict[str, int]) -> None:
        start = align(self.position)
        if not self.records:
            self.stream.seek(start)
        else:
            self.stream.write(bytes(start - self.position))
        self.stream.write(image.content)
        self.position = start + len(image.content)
        self.names.append(name)
        self.num_name_bytes += len(name)
        record: dict[str, Any] = known | {
            "offset": start,
            "length": len(image.content),
            "height": image.height,
            "width": image.width,
            "name_end": self.num_name_bytes,
            "changed": image.changed,
        }
        self.records.append(tuple(record[field_name] for field_name in RECORD.names or ()))

    def finish(self, plan: PackPlan, number: int) -> None:
        index = Index(
            pack_id=plan.pack_id,
            shard=number,
            num_shards=len(plan.shards),
            records=np.array(self.records, RECORD),
            class_names=plan.class_names,
            names=Names.of(self.names),
            changes=plan.changes,
            left_out=tuple(self.left_out),
        )
        file_bytes = self.position if self.records else len(encode(index, 0))
        self.stream.seek(0)
        self.stream.write(encode(index, file_bytes))


def _room_for_index(plan: PackPlan, samples: range) -> int:
    """Bytes that the index takes at most: a name left out takes less than a record."""
    names = sum(RECORD.itemsize + len(plan.source.name(sample)) for sample in samples)
    classes = sum(len(name) + 1 for name in plan.class_names)
    return HEADER.size + names + classes + len(plan.changes.encode())
