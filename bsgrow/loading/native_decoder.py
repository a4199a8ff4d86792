"""Decoding by bsgrow's own kernels, on the host; see :mod:`bsgrow.native.decoding`."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.loading.decoders import DecodeSettings
from bsgrow.loading.layout import as_buffer
from bsgrow.loading.lookahead import Begun
from bsgrow.loading.side_stream import SideStream
from bsgrow.native.decoding import decode_batch, decode_batch_async


class NativeDecoder:
    """Decodes chunks in the background, on the native threads; see ``Decoder``.

    Args:
        settings: size, statistics, layout and number of threads.
        side: what copies chunks to their micro-batches, once they are decoded; None where those are
            the host's and written as they are decoded.
    """

    def __init__(self, settings: DecodeSettings, side: SideStream | None = None) -> None:
        self.side = SideStream(torch.device("cpu")) if side is None else side
        self._settings, self._is_copied = settings, side is not None

    def begin(
        self, images: Sequence[memoryview], windows: NDArray[np.int32], out: Tensor
    ) -> Begun[Collection[int]]:
        """Begin to decode a chunk."""
        decoded = self._memory(out)
        arguments = self._arguments(windows, decoded)
        task = decode_batch_async(images, num_threads=self._settings.num_threads, **arguments)

        def result() -> Collection[int]:
            failed = [row for row, reason in enumerate(task.statuses) if reason is not None]
            self._deliver(decoded, out)
            return failed

        return Begun(result, task.cancel)

    def decode_alone(self, image: memoryview, window: NDArray[np.int32], out: Tensor) -> str | None:
        """Decode one image, in the calling thread."""
        decoded = self._memory(out)
        (reason,) = decode_batch([image], num_threads=1, **self._arguments(window, decoded))
        if reason is None:
            self._deliver(decoded, out)
        return reason

    def _memory(self, out: Tensor) -> Tensor:
        if not self._is_copied:
            return out
        settings = self._settings
        return self.side.host_memory(tuple(out.shape), settings.dtype, settings.memory_format)

    def _deliver(self, decoded: Tensor, out: Tensor) -> None:
        if self._is_copied:
            self.side.fill(decoded, out)

    def _arguments(self, windows: NDArray[np.int32], out: Tensor) -> dict[str, Any]:
        settings = self._settings
        return {
            "windows": windows,
            "size": settings.size,
            "resize": settings.resize,
            "mean": settings.mean,
            "std": settings.std,
            "scaled": settings.decode == "scaled",
            "out_images": as_buffer(out),
        }
