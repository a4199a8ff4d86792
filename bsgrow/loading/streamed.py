"""Micro-batches of arrays larger than a device's memory: streamed to it, and made there."""

from collections.abc import Iterable
from contextlib import closing
from typing import Any

import torch
from numpy.typing import NDArray

from bsgrow.errors import InputError
from bsgrow.loading.chunks import chunks_of_one_size
from bsgrow.loading.kernel import Kernel, launch
from bsgrow.loading.layout import BatchLayout
from bsgrow.loading.settings import BatchSpec
from bsgrow.loading.side_stream import Tensors, on_one_stream
from bsgrow.loading.staging import Fill, Staged, Staging
from bsgrow.native import Task, gather_async
from bsgrow.stream import Cut

_EACH_ITS_SLOT = 1  # bytes to prefetch: three slots, each of no more than one chunk


def streamed_fill(spec: BatchSpec, chunk_bytes: int = 64 << 20, kernel: Kernel = launch) -> Fill:
    """Return what makes micro-batches on a device, of samples that are sent there.

    Native threads gather samples as uint8 into page-locked memory, chunk by chunk, ahead of their
    use; the device copies chunks beside its work and makes micro-batches of them, on the stream
    that is the current one for the first; another that asks for one waits. Memory on both sides is
    at most ``chunk_bytes`` times four, whatever the batch, and as much again while an evaluation
    goes on.

    Args:
        spec: what is wanted.
        chunk_bytes: of images that are copied at once.
        kernel: what makes a micro-batch.

    Raises:
        InputError: chunk_bytes is below 1.
    """
    if chunk_bytes < 1:
        raise InputError(
            f"chunk_bytes = {chunk_bytes}: expected a number of bytes, 1 or more",
            hint="64 MiB suits every link between host and device",
        )
    device, split = spec.settings.device, spec.split
    size = min(max(1, chunk_bytes // split.images[0].nbytes), len(split))
    stored = BatchLayout(spec.layout.image_shape, torch.uint8, torch.contiguous_format)
    staging = Staging(stored, size, device, _EACH_ITS_SLOT)

    def gather(start: int, stop: int, images: NDArray[Any], labels: NDArray[Any]) -> Task:
        return gather_async(
            split.images,
            split.labels,
            start=start,
            stop=stop,
            out_images=images,
            out_labels=labels,
            num_threads=spec.settings.num_threads,
            **spec.order,
        )

    def fill(cuts: Iterable[Cut], micro_batch_size: int) -> Staged[Cut]:
        """Make them on the current stream, which must stay the same."""
        batch: Tensors | None = None
        with closing(staging.batches(chunks_of_one_size(cuts, size), gather)) as staged:
            for chunk, (images, labels) in staged:
                for part in chunk.pieces:
                    batch = batch or spec.layout.empty(part.cut.num_samples, device)
                    if part.start < part.stop:
                        kernel(
                            images[chunk.rows(part)],
                            labels[chunk.rows(part)],
                            start=part.start,
                            stop=part.stop,
                            out_images=batch[0][part.rows],
                            out_labels=batch[1][part.rows],
                            num_samples=len(split),
                            **spec.arguments,
                        )
                    if part.stop == part.cut.stop:
                        yield part.cut, batch
                        batch = None

    if device.type != "cuda":
        return fill
    return lambda cuts, size: on_one_stream(fill(cuts, size), device)
