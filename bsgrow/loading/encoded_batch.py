"""A micro-batch of encoded images on its way: where it comes from, and the rows of each chunk."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.data import SampleError
from bsgrow.loading.sample_reader import EncodedSample
from bsgrow.stream import Cut, SampleStream


@dataclass(slots=True)
class EncodedBatch:
    """A micro-batch, filled chunk by chunk.

    Attributes:
        cut: its positions in the stream.
        images: [n, 3, size, size], where the decoder writes to.
        labels: int64 [n], on the host.
        faults: what was wrong with samples that another one stands in for.
        num_skipped: how many those are.
    """

    cut: Cut
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
    batches: Iterable[EncodedBatch], chunk_size: int, stream: SampleStream
) -> Iterator[Chunk]:
    """Cut micro-batches into chunks, in order.

    Args:
        batches: drawn one by one, when their first chunk is wanted.
        chunk_size: samples in each; the last one of a micro-batch may be short.
        stream: what stands at their positions.
    """
    for batch in batches:
        first = batch.cut.start
        for start in range(first, batch.cut.stop, chunk_size):
            stop = min(start + chunk_size, batch.cut.stop)
            places = stream[start:stop]
            rows = slice(start - first, stop - first)
            yield Chunk(batch, rows, places.samples, places.epochs)
