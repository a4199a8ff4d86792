"""Micro-batches of arrays that lie on a device, each made there by one kernel."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.errors import BsgrowError
from bsgrow.loading.kernel import Kernel, hold, launch
from bsgrow.loading.settings import BatchSpec
from bsgrow.loading.staging import Fill, Staged
from bsgrow.stream import Cut

_PIECE_BYTES = 64 << 20  # of host memory beside the data set while it is copied


class DoesNotFitError(BsgrowError):
    """The data set is larger than what is left of a device's memory."""


def resident_fill(spec: BatchSpec, kernel: Kernel = launch) -> Fill:
    """Copy a split to the device, as uint8, and return what makes micro-batches of it there.

    A micro-batch is one launch on the current stream, in place among the work that uses it: there
    is nothing to fetch ahead, and nobody waits.

    Args:
        spec: what is wanted.
        kernel: what makes a micro-batch.

    Raises:
        DoesNotFitError: the data set does not fit on the device.
    """
    device = spec.settings.device
    with _explaining_memory(spec):
        arrays = upload(spec.split, device)
        held = [hold(array) for array in arrays]

    def fill(cuts: Iterable[Cut], micro_batch_size: int) -> Staged[Cut]:
        for cut in cuts:
            images, labels = spec.layout.empty(cut.num_samples, device)
            if cut.num_samples:
                kernel(
                    *held,
                    start=cut.start,
                    stop=cut.stop,
                    out_images=images,
                    out_labels=labels,
                    **spec.arguments,
                )
                keep_while_read(arrays, device)
            yield cut, (images, labels)

    return fill


@contextmanager
def _explaining_memory(spec: BatchSpec) -> Iterator[None]:
    """Say what does not fit where the device's memory does not suffice."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise DoesNotFitError(
            f"{spec.dataset.name} ({num_bytes(spec.dataset) / 2**20:.0f} MiB) does not fit in "
            f"the memory of {spec.settings.device} beside what is there: "
            f"{str(error).splitlines()[0]}",
            hint="let it stream from host memory: make_fill=streamed_fill",
        ) from error


def keep_while_read(arrays: Iterable[Tensor], device: torch.device) -> None:
    """Have no memory given on while what was launched on the current stream may read it."""
    for array in arrays:
        if array.is_cuda:
            array.record_stream(torch.cuda.current_stream(device))


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
