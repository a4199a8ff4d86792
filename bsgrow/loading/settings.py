"""What is wanted of a loader: one value, from the recipe down to the kernel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, Literal

import torch
from numpy.typing import NDArray

from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.loading.faults import OnError
from bsgrow.loading.layout import BatchLayout
from bsgrow.loading.loader import WHOLE
from bsgrow.loading.staging import Load
from bsgrow.native import Augment, Task
from bsgrow.stream import Share

DecoderName = Literal["auto", "native", "dali"]
"""``auto`` is DALI where that is installed, on a CUDA device, and on the CPU where Pillow would do
the native decoder's work, which was then built without libjpeg-turbo. Else it is the native one."""

DecodeName = Literal["exact", "scaled"]
"""Whether JPEGs are decoded in full and then resized, or at a part of their size where that is
enough, which only the native decoder does."""

RESIDENT_FRACTION: Final = 0.5
"""Of the device memory that is free before a model is there: what a data set may take."""


@dataclass(frozen=True)
class LoaderSettings:
    """What becomes of samples, and where they are wanted.

    Attributes:
        micro_batch_size: samples per micro-batch, a multiple of the ghost batch.
        device: where the micro-batches are wanted.
        seed: of order and augmentation.
        augment: what happens to each training sample; of encoded ones, whether it is mirrored.
        dtype: float32, float16 or bfloat16.
        memory_format: torch.contiguous_format or torch.channels_last.
        num_threads: native threads, where the host takes part.
        num_workers: processes that read a map-style data set; as many as threads where absent, and
            none beside one thread.
        share: what this rank takes of each update.
        crop: the window of each encoded training sample.
        centre_crop: what is shown of each encoded held-out sample, of the same size.
        decoder: of encoded samples; see ``DecoderName``.
        decode: ``exact``, or ``scaled`` where JPEGs are reduced as they are decoded.
        on_error: what to do about an encoded sample that cannot be used; see ``OnError``.
        resident_fraction: of the free device memory that arrays may take; 0 streams them.
    """

    micro_batch_size: int
    device: torch.device
    seed: int = 0
    augment: Augment = field(default_factory=Augment)
    dtype: torch.dtype = torch.float32
    memory_format: torch.memory_format = torch.contiguous_format
    num_threads: int = 1
    num_workers: int | None = None
    share: Share = WHOLE
    crop: ResizedCrop = field(default_factory=lambda: ResizedCrop(224))
    centre_crop: CentreCrop = field(default_factory=lambda: CentreCrop(224, 256))
    decoder: DecoderName = "auto"
    decode: DecodeName = "exact"
    on_error: OnError = "raise"
    resident_fraction: float = RESIDENT_FRACTION

    def with_micro_batch_size(self, size: int) -> "LoaderSettings":
        """Return them with another micro-batch.

        Raises:
            ValueError: the size is not one or more whole ghost batches.
        """
        self.share.check_micro_batch_size(size)
        return replace(self, micro_batch_size=size)

    def layout(self, image_shape: tuple[int, int, int]) -> BatchLayout:
        """Return how micro-batches of images (C, H, W) lie in memory."""
        return BatchLayout(image_shape, self.dtype, self.memory_format)


@dataclass(frozen=True)
class BatchSpec:
    """What a kernel is to make of the samples of one split of arrays.

    Attributes:
        dataset: the samples.
        settings: what becomes of them.
        is_training: whether they are the training samples, shuffled and augmented; else the
            held-out ones, as they are.
    """

    dataset: ArrayDataset
    settings: LoaderSettings
    is_training: bool

    @property
    def split(self) -> ArraySplit:
        """The samples."""
        return self.dataset.train if self.is_training else self.dataset.test

    @cached_property
    def layout(self) -> BatchLayout:
        """Of each micro-batch."""
        return self.settings.layout(self.dataset.image_shape)

    @cached_property  # asked for again with every micro-batch, as is what follows
    def order(self) -> Mapping[str, Any]:
        """What a kernel is told of the order of samples."""
        return {"seed": self.settings.seed, "shuffle": self.is_training}

    @cached_property
    def arguments(self) -> Mapping[str, Any]:
        """What a kernel is told beside positions and memory."""
        augment = self.settings.augment if self.is_training else None
        statistics = {"mean": self.dataset.mean, "std": self.dataset.std}
        return {**self.order, **statistics, "augment": augment}

    def load_by(self, begin: Callable[..., Task], arguments: Mapping[str, Any]) -> Load:
        """Return what loads samples by a function of the native module, in the background.

        Args:
            begin: ``load_batch_async`` or ``gather_async``.
            arguments: what it is told beside positions, memory and threads.
        """
        split, num_threads = self.split, self.settings.num_threads

        def load(start: int, stop: int, images: NDArray[Any], labels: NDArray[Any]) -> Task:
            return begin(
                split.images,
                split.labels,
                start=start,
                stop=stop,
                out_images=images,
                out_labels=labels,
                num_threads=num_threads,
                **arguments,
            )

        return load
