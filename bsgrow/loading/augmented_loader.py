"""Micro-batches changed on their device, between a loader and training."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import torch
from torch import Tensor

from bsgrow.data import SampleError
from bsgrow.loading.augmentations.augmentation import Augmentation
from bsgrow.loading.loader import WHOLE, Loader, MicroBatch, UpdateBatches
from bsgrow.schedule import Update
from bsgrow.stream import SampleStream, Share
from bsgrow.stream.sample_uniforms import sample_uniforms


@dataclass(frozen=True, eq=False)
class AugmentedLoader:
    """Changes the training samples of a loader, micro-batch by micro-batch; others it leaves alone.

    Attributes:
        loader: yields float32.
        augmentations: what is done, in order; at random by sample, whatever the micro-batch.
        stream: of the training samples.
        dtype: of the images in the end.
        memory_format: in which they lie.
    """

    loader: Loader
    augmentations: tuple[Augmentation, ...]
    stream: SampleStream
    dtype: torch.dtype
    memory_format: torch.memory_format

    @property
    def num_skipped(self) -> int:
        """As the loader has it."""
        return self.loader.num_skipped

    @property
    def num_test_skipped(self) -> int:
        """As the loader has it."""
        return self.loader.num_test_skipped

    @property
    def may_fail_midway(self) -> bool:
        """As the loader has it."""
        return self.loader.may_fail_midway

    def take_faults(self) -> list[SampleError]:
        """Return what the loader returns."""
        return self.loader.take_faults()

    def updates(self, updates: Iterable[Update]) -> Generator[UpdateBatches, None, None]:
        """Yield every update in order; a micro-batch is changed when it is asked for."""
        with closing(self.loader.updates(updates)) as made:
            for update, micro_batches in made:
                yield UpdateBatches(update, map(self._augmented, micro_batches))

    def evaluation(self, share: Share = WHOLE) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield a share of the held-out samples as the loader does."""
        for images, labels in self.loader.evaluation(share):
            yield self._cast(images), labels

    def with_micro_batch_size(self, size: int) -> Self:
        """Return the loader for micro-batches of another size, as the one below does."""
        return replace(self, loader=self.loader.with_micro_batch_size(size))

    @torch.no_grad()
    def _augmented(self, batch: MicroBatch) -> MicroBatch:
        places = self.stream[batch.start : batch.stop]
        draw = partial(sample_uniforms, self.stream.seed, places)
        for augment in self.augmentations:
            batch = augment(batch, draw)
        return batch._replace(images=self._cast(batch.images))

    def _cast(self, images: Tensor) -> Tensor:
        return images.to(self.dtype, memory_format=self.memory_format)
