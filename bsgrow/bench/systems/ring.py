"""The host memory that bsgrow's loader of arrays writes to, which the limit fills likewise."""

import torch

from bsgrow.bench.work import ArrayWork
from bsgrow.loading.layout import BatchLayout
from bsgrow.loading.staging import DEFAULT_PREFETCH_BYTES, Staging


def host_ring(work: ArrayWork) -> Staging:
    """Return the ring as the loader has it by default."""
    layout = BatchLayout(work.image_shape, work.dtype, work.memory_format)
    return Staging(layout, work.slice_size, torch.device("cpu"), DEFAULT_PREFETCH_BYTES)
