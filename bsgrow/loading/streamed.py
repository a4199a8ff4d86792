"""Micro-batches of arrays larger than a device's memory: streamed to it, and made there."""

from collections.abc import Iterable
from contextlib import closing

import torch

from bsgrow.errors import InputError
from bsgrow.loading.chunks import Chunk, Part, chunks_of_one_size
from bsgrow.loading.kernel import Kernel, launch
from bsgrow.loading.layout import BatchLayout
from bsgrow.loading.settings import BatchSpec
from bsgrow.loading.side_stream import Tensors, on_one_stream
from bsgrow.loading.staging import Fill, Staged, Staging
from bsgrow.native import gather_async
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
    _require_positive(chunk_bytes)
    device, split = spec.settings.device, spec.split
    size = min(max(1, chunk_bytes // split.images[0].nbytes), len(split))
    stored = BatchLayout(spec.layout.image_shape, torch.uint8, torch.contiguous_format)
    staging = Staging(stored, size, device, _EACH_ITS_SLOT)
    gather = spec.load_by(gather_async, spec.order)

    def fill(cuts: Iterable[Cut], micro_batch_size: int) -> Staged[Cut]:
        sent = staging.batches(chunks_of_one_size(cuts, size), gather)
        made = _micro_batches(sent, spec, kernel)
        return on_one_stream(made, device) if device.type == "cuda" else made

    return fill


def _require_positive(chunk_bytes: int) -> None:
    if chunk_bytes < 1:
        raise InputError(
            f"chunk_bytes = {chunk_bytes}: expected a number of bytes, 1 or more",
            hint="64 MiB suits every link between host and device",
        )


def _micro_batches(sent: Staged[Chunk[Part]], spec: BatchSpec, kernel: Kernel) -> Staged[Cut]:
    """Make micro-batches of chunks, on the current stream, which must stay the same."""
    batch: Tensors | None = None
    with closing(sent):
        for chunk, samples in sent:
            for part in chunk.pieces:
                batch = batch or spec.layout.empty(part.cut.num_samples, spec.settings.device)
                if part.start < part.stop:
                    rows = chunk.rows(part)
                    _make(part, (samples[0][rows], samples[1][rows]), batch, spec, kernel)
                if part.stop == part.cut.stop:
                    yield part.cut, batch
                    batch = None


def _make(part: Part, samples: Tensors, batch: Tensors, spec: BatchSpec, kernel: Kernel) -> None:
    """Make a part of a micro-batch, in its place there."""
    images, labels = batch
    kernel(
        *samples,
        start=part.start,
        stop=part.stop,
        out_images=images[part.rows],
        out_labels=labels[part.rows],
        num_samples=len(spec.split),
        **spec.arguments,
    )
