"""Micro-batches of a data set larger than the device's memory: streamed to it, augmented there."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

import torch
from torch import Tensor

from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.errors import InputError
from bsgrow.loading.chunks import Part, chunks_of
from bsgrow.loading.device_kernel import Kernel, launch
from bsgrow.loading.loader import WHOLE, Faultless, MicroBatch, UpdateBatches, by_update
from bsgrow.loading.one_stream import on_one_stream
from bsgrow.loading.transport import CudaTransport, Transport
from bsgrow.loading.uploads import Slot, Uploads
from bsgrow.native import Augment
from bsgrow.schedule import Update
from bsgrow.stream import Cut, Share

NUM_SLOTS = 4  # one in use, one on its way, two that are gathered

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class StreamedArrayLoader(Faultless):
    """Cuts the endless stream of samples into micro-batches that are made on a CUDA device.

    Native threads gather samples as uint8 into page-locked memory, chunk by chunk, ahead of their
    use; the device copies chunks beside its work and makes micro-batches of them, on the stream
    that is the current one for the first; another that asks for one waits. Memory on both sides is
    `chunk_bytes` times four, whatever the batch, and as much again while an evaluation goes on.

    Attributes:
        dataset: the samples.
        augment: what happens to each training sample.
        seed: seed of order and augmentation.
        micro_batch_size: samples per micro-batch, a multiple of the ghost batch.
        device: where the micro-batches are made.
        dtype: float32, float16 or bfloat16.
        memory_format: torch.contiguous_format or torch.channels_last.
        num_threads: threads that gather.
        chunk_bytes: of images that are copied at once.
        kernel: what makes a micro-batch.
        transport: what copies; None for a stream of the device.
        share: what this rank takes of each update.

    Raises:
        InputError: chunk_bytes is below 1.
    """

    dataset: ArrayDataset
    augment: Augment
    seed: int
    micro_batch_size: int
    device: torch.device
    dtype: torch.dtype = torch.float32
    memory_format: torch.memory_format = torch.contiguous_format
    num_threads: int = 1
    chunk_bytes: int = 64 << 20
    kernel: Kernel = launch
    transport: Transport | None = None
    share: Share = WHOLE
    _transport: Transport = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.chunk_bytes < 1:
            raise InputError(
                f"chunk_bytes = {self.chunk_bytes}: expected a number of bytes, 1 or more",
                hint="64 MiB suits every link between host and device",
            )
        object.__setattr__(self, "_transport", self.transport or CudaTransport(self.device))

    def updates(self, updates: Iterable[Update]) -> Generator[UpdateBatches, None, None]:
        """Yield every update in order with its micro-batches, fetched ahead across their ends.

        Closing the generator drops what was fetched ahead; what it yielded stays as it is.
        """
        return by_update(updates, self.share, self.micro_batch_size, self._micro_batches)

    def _micro_batches(self, cuts: Iterable[Cut]) -> Generator[MicroBatch, None, None]:
        with closing(self._make_all(self.dataset.train, cuts, self.augment)) as batches:
            for cut, (images, labels) in batches:
                yield MicroBatch(cut.start, cut.stop, images, labels, cut.weight, cut.is_last)

    def evaluation(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the held-out samples in order, not augmented, as (images, labels)."""
        split = self.dataset.test
        cuts = WHOLE.micro_batches(0, len(split), self.micro_batch_size)
        with closing(self._make_all(split, cuts, None)) as batches:
            for _, batch in batches:
                yield batch

    def _make_all(
        self, split: ArraySplit, cuts: Iterable[Cut], augment: Augment | None
    ) -> Generator[tuple[Cut, Batch], None, None]:
        """Yield each cut with its batch; shuffled and augmented where augment is given."""
        made = self._make_each(split, cuts, augment)
        return on_one_stream(made, self.device) if self.device.type == "cuda" else made

    def _make_each(
        self, split: ArraySplit, cuts: Iterable[Cut], augment: Augment | None
    ) -> Generator[tuple[Cut, Batch], None, None]:
        """Make them on the current stream, which must stay the same."""
        size = max(1, self.chunk_bytes // split.images[0].nbytes)
        size = min(size, len(split))
        slots = [Slot(size, self.dataset.image_shape, self._transport) for _ in range(NUM_SLOTS)]
        uploads = Uploads(
            split,
            seed=self.seed,
            shuffle=augment is not None,
            slots=slots,
            num_threads=self.num_threads,
        )
        made: Batch | None = None
        chunks = chunks_of(((cut, cut.start, cut.stop) for cut in cuts), size)
        with closing(uploads.each(chunks)) as staged:
            for chunk, slot in staged:
                for part in chunk.parts:
                    made = made or self._buffers(part.owner.stop - part.owner.start)
                    self._make_part(part, chunk.start, slot, made, len(split), augment)
                    uploads.poll()
                    if part.stop == part.owner.stop:
                        yield part.owner, made
                        made = None

    def _make_part(
        self,
        part: Part[Cut],
        chunk_start: int,
        slot: Slot,
        batch: Batch,
        num_samples: int,
        augment: Augment | None,
    ) -> None:
        """Make the part of a micro-batch that lies in a chunk, where it belongs in the batch."""
        staged = slice(part.start - chunk_start, part.stop - chunk_start)
        made = slice(part.start - part.owner.start, part.stop - part.owner.start)
        self.kernel(
            slot.images[staged],
            slot.labels[staged],
            seed=self.seed,
            start=part.start,
            stop=part.stop,
            augment=augment,
            mean=self.dataset.mean,
            std=self.dataset.std,
            out_images=batch[0][made],
            out_labels=batch[1][made],
            shuffle=augment is not None,
            num_samples=num_samples,
        )

    def _buffers(self, num: int) -> Batch:
        images = torch.empty(
            (num, *self.dataset.image_shape),
            dtype=self.dtype,
            device=self.device,
            memory_format=self.memory_format,
        )
        return images, torch.empty(num, dtype=torch.int64, device=self.device)
