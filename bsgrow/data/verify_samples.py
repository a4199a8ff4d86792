"""Checking the samples of a data set, a run of them at a time."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeAlias

from bsgrow.data.encoded.dataset import EncodedSplit, SampleError
from bsgrow.data.packing.plan import SourceSplit
from bsgrow.data.shards import ShardSplit, open_index
from bsgrow.images.encoded import Encoded
from bsgrow.images.image_error import ImageError
from bsgrow.images.reading import check_decodes
from bsgrow.processes.worker_pool import PART_BYTES

_MOST_SAMPLES = 128
_RUNS_PER_WORKER = 8

_SAMPLES_TO_READ, _BYTES_TO_READ = 5000, 100 << 20
"""Some 100 milliseconds of work, of which a process takes some to be started."""

Samples: TypeAlias = Path | SourceSplit
"""Where samples are: a shard, whose index is read when they are checked, or an open split."""


class Part(NamedTuple):
    """Samples that are checked one after the other; 0 bytes where only the files say."""

    samples: Samples
    num_samples: int
    num_bytes: int = 0


class Run(NamedTuple):
    """Samples `start` to `stop` of a part."""

    part: int
    start: int
    stop: int


class Checked(NamedTuple):
    """Samples one after the other: how many, bytes that were read, and what cannot be used."""

    num_samples: int
    num_bytes: int
    damaged: list[SampleError]


def runs_of(parts: Sequence[Part], num_workers: int) -> Iterator[Run]:
    """Cuts all samples into runs: 128 each, or fewer, so that every worker has some."""
    total = sum(part.num_samples for part in parts)
    most = max(1, min(_MOST_SAMPLES, total // (_RUNS_PER_WORKER * num_workers)))
    for number, part in enumerate(parts):
        for start in range(0, part.num_samples, most):
            yield Run(number, start, min(start + most, part.num_samples))


def num_useful(num_workers: int, parts: Sequence[Part], decode: bool) -> int:
    """As many as asked for, but none that would be done before it has begun."""
    if decode:
        return max(1, len([*islice(runs_of(parts, num_workers), num_workers)]))
    num_samples = sum(part.num_samples for part in parts)
    num_bytes = sum(part.num_bytes for part in parts)
    paying = max(num_samples // _SAMPLES_TO_READ, num_bytes // _BYTES_TO_READ)
    return max(1, min(num_workers, paying))


def size_of(checked: Checked) -> int:
    """So that what was found comes back once some bytes were read."""
    return checked.num_bytes


class SampleChecks:
    """Gives what is found of each sample of a run, in order; called in a worker.

    One index is in memory, whatever the number of shards.

    Args:
        parts: of the data set.
        decode: whether to decode each image too, and compare its size with the index.
        also: what else decodes an image; ValueError: it cannot.
    """

    def __init__(
        self, parts: Sequence[Part], decode: bool, also: Callable[[Encoded], None]
    ) -> None:
        self._parts, self._decode, self._also = parts, decode, also
        self._opened: tuple[int, EncodedSplit] | None = None

    def __call__(self, run: Run) -> Iterator[Checked]:
        """Raises DamagedError where an index can no longer be read."""
        split = self._split(run.part)
        start, total = run.start, 0
        damaged: list[SampleError] = []
        for sample in range(run.start, run.stop):
            num_bytes, error = self._check(split, sample)
            total += num_bytes
            damaged += [error] if error else []
            if total >= PART_BYTES:
                yield Checked(sample + 1 - start, total, damaged)
                start, total, damaged = sample + 1, 0, []
        if start < run.stop:
            yield Checked(run.stop - start, total, damaged)

    def _split(self, part: int) -> EncodedSplit:
        samples = self._parts[part].samples
        if not isinstance(samples, Path):
            return samples
        if self._opened is None or self._opened[0] != part:
            self._opened = None  # first, or two were in memory
            self._opened = part, ShardSplit([samples], [open_index(samples)])
        return self._opened[1]

    def _check(self, split: EncodedSplit, sample: int) -> tuple[int, SampleError | None]:
        try:
            content = split.read(sample)
        except SampleError as error:
            # Another one: this one holds the image, by its traceback.
            return 0, SampleError(error.where, error.reason, error.hint)
        try:
            if self._decode:
                _check_size(split, sample, check_decodes(content))
                self._also(content)
        except ValueError as error:
            return len(content), SampleError(split.locate(sample), str(error))
        return len(content), None


def _check_size(split: EncodedSplit, sample: int, size: tuple[int, int]) -> None:
    known = split.size(sample)
    if known is not None and known != size:
        height, width = known
        raise ImageError(f"{size[0]}×{size[1]} pixels; the index says {height}×{width}")
