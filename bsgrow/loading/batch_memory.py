"""Memory for micro-batches that a decoder writes to: a ring on the host, or a device's own."""

import torch
from torch import Tensor

from bsgrow.loading.layout import BatchLayout
from bsgrow.loading.ring import Ring

_NUM_HELD = 2  # the micro-batch that training looks at, and the one that it is handed


class BatchMemory:
    """Gives out memory for one micro-batch after another, and takes it back when it is let go.

    On a device, and for the pinned memory that it copies from, torch's allocators do that: they
    know when a copy is done.

    Args:
        layout: of a micro-batch.
        micro_batch_size: samples in the largest.
        num_ahead: how many are under way at once.
        device: where the images are written; labels are written on the host.
        pinned: whether a CUDA device copies from it.
    """

    def __init__(
        self,
        layout: BatchLayout,
        micro_batch_size: int,
        num_ahead: int,
        device: torch.device,
        *,
        pinned: bool,
    ) -> None:
        self._layout, self._device, self._pinned = layout, device, pinned
        self._ring = Ring(layout.num_bytes(micro_batch_size), num_ahead + _NUM_HELD)

    def new(self, num_samples: int) -> tuple[Tensor, Tensor]:
        """Return images [num_samples, C, H, W] and labels int64 [num_samples], uninitialised."""
        if not self._pinned:
            return self._layout.tensors(self._ring.lend(), num_samples)
        layout, on_host = self._layout, self._device.type == "cpu"
        images = torch.empty(
            (num_samples, *layout.image_shape),
            dtype=layout.dtype,
            memory_format=layout.memory_format,
            device=self._device,
            pin_memory=on_host,
        )
        return images, torch.empty(num_samples, dtype=torch.int64, pin_memory=True)
