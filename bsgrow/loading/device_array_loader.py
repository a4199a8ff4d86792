"""Micro-batches of a data set that lives on the device, each made by one kernel."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.errors import BsgrowError
from bsgrow.loading.device_kernel import Kernel, hold, launch
from bsgrow.loading.loader import WHOLE, Faultless, MicroBatch, UpdateBatches, by_update
from bsgrow.native import Augment
from bsgrow.schedule import Update
from bsgrow.stream import Cut, Share

_PIECE_BYTES = 64 << 20  # of host memory beside the data set while it is copied


class DoesNotFitError(BsgrowError):
    """The data set is larger than what is left of a device's memory."""


@dataclass(frozen=True)
class DeviceArrayLoader(Faultless):
    """Cuts the endless stream of samples into micro-batches, on a CUDA device.

    Images stay on the device as uint8. A micro-batch is one launch on the current stream, in
    place among the work that uses it: there is nothing to fetch ahead, and nobody waits.

    Attributes:
        dataset: the samples; both splits are copied to the device.
        augment: what happens to each training sample.
        seed: seed of order and augmentation.
        micro_batch_size: samples per micro-batch, a multiple of the ghost batch.
        device: where the data set is kept and the micro-batches are made.
        dtype: float32, float16 or bfloat16.
        memory_format: torch.contiguous_format or torch.channels_last.
        kernel: what makes a micro-batch.
        share: what this rank takes of each update.

    Raises:
        DoesNotFitError: the data set does not fit on the device.
    """

    dataset: ArrayDataset
    augment: Augment
    seed: int
    micro_batch_size: int
    device: torch.device
    dtype: torch.dtype = torch.float32
    memory_format: torch.memory_format = torch.contiguous_format
    kernel: Kernel = launch
    share: Share = WHOLE
    _train: tuple[object, object] = field(init=False, repr=False)
    _test: tuple[object, object] = field(init=False, repr=False)
    _kept: list[Tensor] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            for name, split in (("_train", self.dataset.train), ("_test", self.dataset.test)):
                images, labels = upload(split, self.device)
                object.__setattr__(self, name, (hold(images), hold(labels)))
                self._kept.extend(tensor for tensor in (images, labels) if tensor.is_cuda)
        except torch.OutOfMemoryError as error:
            raise DoesNotFitError(
                f"{self.dataset.name} ({num_bytes(self.dataset) / 2**20:.0f} MiB) does not fit in "
                f"the memory of {self.device} beside what is there: {str(error).splitlines()[0]}",
                hint="let it stream from host memory: StreamedArrayLoader",
            ) from error

    def updates(self, updates: Iterable[Update]) -> Generator[UpdateBatches, None, None]:
        """Yield every update in order with its micro-batches."""
        return by_update(updates, self.share, self.micro_batch_size, self._micro_batches)

    def _micro_batches(self, cuts: Iterable[Cut]) -> Generator[MicroBatch, None, None]:
        for start, stop, weight, is_last in cuts:
            images, labels = self._make(self._train, start, stop, self.augment)
            yield MicroBatch(start, stop, images, labels, weight, is_last)

    def evaluation(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the held-out samples in order, not augmented, as (images, labels)."""
        for cut in WHOLE.micro_batches(0, len(self.dataset.test), self.micro_batch_size):
            yield self._make(self._test, cut.start, cut.stop, None)

    def _make(
        self, split: tuple[object, object], start: int, stop: int, augment: Augment | None
    ) -> tuple[Tensor, Tensor]:
        """Make positions [start, stop); shuffled and augmented where augment is given."""
        shape = (stop - start, *self.dataset.image_shape)
        images = torch.empty(
            shape, dtype=self.dtype, device=self.device, memory_format=self.memory_format
        )
        labels = torch.empty(stop - start, dtype=torch.int64, device=self.device)
        self.kernel(
            *split,
            seed=self.seed,
            start=start,
            stop=stop,
            augment=augment,
            mean=self.dataset.mean,
            std=self.dataset.std,
            out_images=images,
            out_labels=labels,
            shuffle=augment is not None,
        )
        for tensor in self._kept:  # its memory is not given on while this stream may read it
            tensor.record_stream(torch.cuda.current_stream(self.device))
        return images, labels


def num_bytes(dataset: ArrayDataset) -> int:
    """Return the bytes of both splits, as they are kept on a device."""
    splits = (dataset.train, dataset.test)
    return sum(split.images.nbytes + split.labels.nbytes for split in splits)


def upload(split: ArraySplit, device: torch.device) -> tuple[Tensor, Tensor]:
    """Copy a split to a device, piece by piece: images uint8 [N, C, H, W] and labels int64 [N]."""
    images = torch.empty(split.images.shape, dtype=torch.uint8, device=device)
    step = max(1, _PIECE_BYTES // split.images[0].nbytes)
    for start in range(0, len(split), step):
        piece = slice(start, start + step)
        images[piece] = torch.from_numpy(np.array(split.images[piece]))
    return images, torch.from_numpy(np.array(split.labels)).to(device)
