"""Reading and changing the images that are packed, a run of them at a time."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pickle import PickleBuffer
from typing import NamedTuple

import numpy as np

from bsgrow.data.encoded.dataset import SampleError
from bsgrow.data.packing.plan import PackPlan
from bsgrow.data.packing.transform import DecodeCheck, ToBaseline, prepare
from bsgrow.images.encoded import Encoded
from bsgrow.images.image_error import ImageError
from bsgrow.processes.worker_pool import PART_BYTES

SKIP_HINT = "--on-error skip leaves out the files that cannot be used, and lists them"

_MOST_SAMPLES = 128
"""In a run: some ten milliseconds of work, beside which handing it over is nothing."""


class Run(NamedTuple):
    """Samples `start` to `stop` of a split, one after the other."""

    split: int
    start: int
    stop: int


class Packed(NamedTuple):
    """An image as it is packed, and what its record says of it; see `Prepared`."""

    content: Encoded
    checksum: int
    height: int
    width: int
    changed: bool

    def __reduce__(self) -> tuple[type["Packed"], tuple[object, ...]]:
        return Packed, (PickleBuffer(self.content), *self[1:])


def runs_of(split: int, plan: PackPlan, samples: range) -> Iterator[Run]:
    """Cuts samples into runs: `PART_BYTES` of source files or one file more, 128 at most."""
    start = samples.start
    while start < samples.stop:
        most = min(start + _MOST_SAMPLES, samples.stop)
        total = np.cumsum(np.maximum(plan.source.num_bytes[start:most], 0))
        stop = min(most, start + 1 + int(np.searchsorted(total, PART_BYTES)))
        yield Run(split, start, stop)
        start = stop


def size_of(result: Packed | SampleError) -> int:
    """Bytes that a result takes, about."""
    return 0 if isinstance(result, SampleError) else len(result.content)


@dataclass(frozen=True, eq=False)
class Preparation:
    """Gives what becomes of each sample of a run, in order; called in a worker.

    Args:
        plans: of each split.
        to_baseline: see `prepare`.
        also: likewise.
    """

    plans: Sequence[PackPlan]
    to_baseline: ToBaseline | None
    also: DecodeCheck

    def __call__(self, run: Run) -> Iterator[Packed | SampleError]:
        """Why a sample cannot be used is given in its place, or raised, as `on_error` says."""
        plan = self.plans[run.split]
        for sample in range(run.start, run.stop):
            try:
                result: Packed | SampleError = self._prepare(plan, sample)
            except SampleError as error:
                if plan.options.on_error != "skip":
                    error.hint = error.hint or SKIP_HINT
                    raise
                # Another one: this one holds the image, by its traceback.
                result = SampleError(error.where, error.reason, error.hint)
            yield result

    def _prepare(self, plan: PackPlan, sample: int) -> Packed:
        content = plan.source.read(sample)
        if len(content) != (expected := plan.source.num_bytes[sample]):
            reason = f"{len(content)} bytes long, {expected} when packing began"
            raise SampleError(plan.source.locate(sample), reason)
        try:
            image = prepare(content, plan.options, self.to_baseline, self.also)
        except ImageError as error:
            raise SampleError(plan.source.locate(sample), str(error)) from error
        checksum = zlib.crc32(image.content)
        size = image.height, image.width
        return Packed(image.content, checksum, *size, image.changed)
