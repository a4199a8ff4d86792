"""Micro-batches of an in-memory data set, cut from the stream of samples as the plan says."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.loading.layout import BatchLayout
from bsgrow.loading.loader import WHOLE, Faultless, MicroBatch, UpdateBatches, by_update
from bsgrow.loading.staging import DEFAULT_PREFETCH_BYTES, Batch, Fill, Staging
from bsgrow.native import Augment, Task, load_batch_async
from bsgrow.schedule import Update
from bsgrow.stream import Cut, Share


@dataclass(frozen=True)
class ArrayLoader(Faultless):
    """Cuts the endless stream of samples into the micro-batches of a plan.

    The micro-batch has one size whatever the global batch: growing the batch changes how many
    there are and nothing else. Order and augmentation depend on the seed and the position alone.
    Micro-batches are filled by native threads ahead of their use, across changes of batch size.

    Attributes:
        dataset: the samples.
        augment: what happens to each training sample.
        seed: seed of order and augmentation.
        micro_batch_size: samples per micro-batch, a multiple of the ghost batch.
        device: where the micro-batches are wanted.
        dtype: float32, float16 or bfloat16.
        memory_format: torch.contiguous_format or torch.channels_last.
        num_threads: threads that fill micro-batches in the background.
        prefetch_bytes: host memory to fill ahead; see :class:`bsgrow.loading.staging.Staging`.
        share: what this rank takes of each update.

    Raises:
        InputError: prefetch_bytes is negative.
    """

    dataset: ArrayDataset
    augment: Augment
    seed: int
    micro_batch_size: int
    device: torch.device
    dtype: torch.dtype = torch.float32
    memory_format: torch.memory_format = torch.contiguous_format
    num_threads: int = 1
    prefetch_bytes: int = DEFAULT_PREFETCH_BYTES
    share: Share = WHOLE

    def __post_init__(self) -> None:
        self._staging()  # checks

    def updates(self, updates: Iterable[Update]) -> Generator[UpdateBatches, None, None]:
        """Yield every update in order with its micro-batches, filled ahead across their ends.

        Ended, closed or dropped, it cancels what was begun; what it yielded stays as it is.
        """
        return by_update(updates, self.share, self.micro_batch_size, self._micro_batches)

    def _micro_batches(self, cuts: Iterable[Cut]) -> Generator[MicroBatch, None, None]:
        fill = self._fill_from(self.dataset.train, self.augment)
        with closing(self._staging().batches(cuts, fill)) as batches:
            yield from map(_micro_batch, batches)

    def evaluation(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the held-out samples in order, not augmented, as (images, labels)."""
        split = self.dataset.test
        cuts = WHOLE.micro_batches(0, len(split), self.micro_batch_size)
        with closing(self._staging().batches(cuts, self._fill_from(split, None))) as batches:
            yield from map(itemgetter(1), batches)

    def _staging(self) -> Staging:
        layout = BatchLayout(self.dataset.image_shape, self.dtype, self.memory_format)
        return Staging(layout, self.micro_batch_size, self.device, self.prefetch_bytes)

    def _fill_from(self, split: ArraySplit, augment: Augment | None) -> Fill:
        """Load from a split; shuffled and augmented where augment is given."""

        def fill(start: int, stop: int, images: NDArray[Any], labels: NDArray[Any]) -> Task:
            return load_batch_async(
                split.images,
                split.labels,
                seed=self.seed,
                start=start,
                stop=stop,
                augment=augment,
                mean=self.dataset.mean,
                std=self.dataset.std,
                out_images=images,
                out_labels=labels,
                shuffle=augment is not None,
                num_threads=self.num_threads,
            )

        return fill


def _micro_batch(batch: Batch) -> MicroBatch:
    cut, (images, labels) = batch
    return MicroBatch(cut.start, cut.stop, images, labels, cut.weight, cut.is_last)
