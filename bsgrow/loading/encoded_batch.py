"""A micro-batch of encoded images on its way: where it comes from, and the rows of each chunk."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.data import SampleError
from bsgrow.loading.sample_reader import EncodedSample
from bsgrow.loading.slices import Slice
from bsgrow.native import order
from bsgrow.schedule.split import micro_slices


@dataclass(slots=True)
class EncodedBatch:
    """A micro-batch, filled chunk by chunk.

    Attributes:
        positions: of its samples in the stream.
        images: [n, 3, size, size], where the decoder writes to.
        labels: int64 [n], on the host.
        faults: what was wrong with samples that another one stands in for.
        num_skipped: how many those are.
    """

    positions: Slice
    images: Tensor
    labels: Tensor
    faults: list[SampleError] = field(default_factory=list)
    num_skipped: int = 0


@dataclass(slots=True)
class Chunk:
    """Some rows of a micro-batch.

    Attributes:
        batch: the micro-batch.
        rows: of the micro-batch.
        indices: int64 [n], the samples asked for.
        epochs: int64 [n].
        samples: what was read for them; stand-ins where they are bad.
    """

    batch: EncodedBatch
    rows: slice
    indices: NDArray[np.int64]
    epochs: NDArray[np.int64]
    samples: list[EncodedSample] = field(default_factory=list)

    @property
    def images(self) -> Tensor:
        """Its part of the micro-batch."""
        return self.batch.images[self.rows]

    @property
    def closes_batch(self) -> bool:
        """Whether the micro-batch is whole after it."""
        return bool(self.rows.stop == len(self.batch.labels))


def chunks_of(
    batches: Iterable[EncodedBatch],
    chunk_size: int,
    samples_at: "SamplesAt",
) -> Iterator[Chunk]:
    """Cut micro-batches into chunks, in order.

    Args:
        batches: drawn one by one, when their first chunk is wanted.
        chunk_size: samples in each; the last one of a micro-batch may be short.
        samples_at: gives the samples of positions [start, stop), and their epochs.
    """
    for batch in batches:
        first = batch.positions.start
        for start, stop in micro_slices(first, batch.positions.stop, chunk_size):
            rows = slice(start - first, stop - first)
            yield Chunk(batch, rows, *samples_at(start, stop))


SamplesAt = Callable[[int, int], tuple[NDArray[np.int64], NDArray[np.int64]]]


def shuffled(num_samples: int, seed: int) -> SamplesAt:
    """Return the endless stream of a training split: an order of its own in each epoch."""

    def samples_at(start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        epochs = np.arange(start, stop, dtype=np.uint64) // np.uint64(num_samples)
        return order(num_samples, seed, start, stop), epochs.astype(np.int64)

    return samples_at


def in_order(start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return samples [start, stop) of a held-out split, in epoch 0."""
    return np.arange(start, stop, dtype=np.int64), np.zeros(stop - start, np.int64)
