"""Micro-batches of an in-memory data set, cut from the stream of samples as the plan says."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.data import ArraySplit, Dataset
from bsgrow.loading.loader import MicroBatch
from bsgrow.loading.prefetch import prefetch
from bsgrow.native import Augment, load_batch
from bsgrow.schedule import Update
from bsgrow.schedule.split import micro_slices

_DEPTH_ON_CUDA = 2


@dataclass(frozen=True)
class ArrayLoader:
    """Cuts the endless stream of samples into the micro-batches of a plan.

    The micro-batch has one size whatever the global batch: growing the batch changes how many
    there are and nothing else. Order and augmentation depend on the seed and the position alone.

    Attributes:
        dataset: the samples.
        augment: what happens to each training sample.
        seed: seed of order and augmentation.
        micro_batch_size: samples per micro-batch, a multiple of the ghost batch.
        device: where the micro-batches are wanted.
        dtype: float32, float16 or bfloat16.
        memory_format: torch.contiguous_format or torch.channels_last.
        num_threads: threads of the native kernel.
    """

    dataset: Dataset
    augment: Augment
    seed: int
    micro_batch_size: int
    device: torch.device
    dtype: torch.dtype = torch.float32
    memory_format: torch.memory_format = torch.contiguous_format
    num_threads: int = 1
    num_skipped: ClassVar[int] = 0

    def micro_batches(self, updates: Iterable[Update]) -> Generator[MicroBatch, None, None]:
        """Yield the micro-batches of the updates in order, fetched ahead across their ends.

        Close it, or run it to its end, to stop the thread that fetches.
        """
        on_cuda = self.device.type == "cuda"
        return prefetch(self._fill_all(updates), _DEPTH_ON_CUDA if on_cuda else 0)

    def evaluation(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the held-out samples in order, not augmented, as (images, labels)."""
        split = self.dataset.test
        for start, stop in micro_slices(0, len(split.labels), self.micro_batch_size):
            yield self._fill(split, start, stop, None)

    def _fill_all(self, updates: Iterable[Update]) -> Iterator[MicroBatch]:
        for update in updates:
            for start, stop in micro_slices(update.start, update.stop, self.micro_batch_size):
                images, labels = self._fill(self.dataset.train, start, stop, self.augment)
                yield MicroBatch(update, start, stop, images, labels)

    def _fill(
        self, split: ArraySplit, start: int, stop: int, augment: Augment | None
    ) -> tuple[Tensor, Tensor]:
        """Load positions [start, stop); shuffled and augmented where augment is given."""
        images, labels = self._buffers(stop - start, split.images.shape[1:])
        load_batch(
            split.images,
            split.labels,
            seed=self.seed,
            start=start,
            stop=stop,
            augment=augment,
            mean=self.dataset.mean,
            std=self.dataset.std,
            out_images=as_buffer(images),
            out_labels=labels.numpy(),
            shuffle=augment is not None,
            num_threads=self.num_threads,
        )
        return self._to_device(images), self._to_device(labels)

    def _buffers(self, num: int, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        """Host memory to load into; pinned where a device copies from it while we go on.

        torch's pinned allocator gives a block out again only when the copies from it are done.
        """
        pin = self.device.type == "cuda"
        images = torch.empty(
            (num, *shape), dtype=self.dtype, memory_format=self.memory_format, pin_memory=pin
        )
        return images, torch.empty(num, dtype=torch.int64, pin_memory=pin)

    def _to_device(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device, non_blocking=True)


def as_buffer(tensor: Tensor) -> NDArray[Any]:
    """Return a tensor's memory as an array; bfloat16, which NumPy lacks, as uint16."""
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.view(torch.uint16)
    return tensor.numpy()
