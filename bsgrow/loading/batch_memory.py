"""Memory for micro-batches that a decoder writes to: a ring on the host, or a device's own."""

import torch
from torch import Tensor

from bsgrow.loading.layout import BatchLayout
from bsgrow.loading.ring import Ring

NUM_HELD = 3  # two that a consumer may look at, of which a loop does at one, and the next one


class BatchMemory:
    """Gives out memory for one micro-batch after another, and takes it back when it is let go.

    On a CUDA device, and for the pinned labels that are copied there, torch's allocators do that:
    they give it on in the order of the consumer's stream.

    Args:
        layout: of a micro-batch.
        micro_batch_size: samples in the largest.
        num_ahead: how many are under way at once.
        device: of the images; labels are written on the host.
    """

    def __init__(
        self, layout: BatchLayout, micro_batch_size: int, num_ahead: int, device: torch.device
    ) -> None:
        self._layout, self._device = layout, device
        self._ring = Ring(layout.num_bytes(micro_batch_size), num_ahead + NUM_HELD)

    def new(self, num_samples: int) -> tuple[Tensor, Tensor]:
        """Return images [num_samples, C, H, W] and labels int64 [num_samples], uninitialised."""
        if self._device.type == "cpu":
            return self._layout.tensors(*self._layout.arrays(self._ring.lend(), num_samples))
        layout = self._layout
        images = torch.empty(
            (num_samples, *layout.image_shape),
            dtype=layout.dtype,
            memory_format=layout.memory_format,
            device=self._device,
        )
        return images, torch.empty(num_samples, dtype=torch.int64, pin_memory=True)
