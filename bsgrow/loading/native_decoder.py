"""Decoding by bsgrow's own kernels, on the host; see :mod:`bsgrow.native.jpeg`."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.loading.decoders import DecodeSettings
from bsgrow.loading.layout import as_buffer
from bsgrow.native.jpeg import DecodeTask, decode_batch, decode_batch_async


class NativeDecoder:
    """Decodes chunks in the background, on the native threads; see ``Decoder``.

    Args:
        settings: size, statistics and number of threads.

    Attributes:
        device: the host, wherever the images go on to.
    """

    device = torch.device("cpu")

    def __init__(self, settings: DecodeSettings) -> None:
        self._settings = settings

    def begin(
        self, images: Sequence[memoryview], windows: NDArray[np.int32], out: Tensor
    ) -> "NativeDecoding":
        """Begin to decode a chunk."""
        arguments = self._arguments(windows, out)
        num_threads = self._settings.num_threads
        return NativeDecoding(decode_batch_async(images, num_threads=num_threads, **arguments))

    def decode_alone(self, image: memoryview, window: NDArray[np.int32], out: Tensor) -> str | None:
        """Decode one image, in the calling thread."""
        (reason,) = decode_batch([image], num_threads=1, **self._arguments(window, out))
        return reason

    def _arguments(self, windows: NDArray[np.int32], out: Tensor) -> dict[str, Any]:
        settings = self._settings
        return {
            "windows": windows,
            "size": settings.size,
            "resize": settings.resize,
            "mean": settings.mean,
            "std": settings.std,
            "out_images": as_buffer(out),
        }


class NativeDecoding:
    """A chunk in the hands of the native threads; see ``Decoding``."""

    def __init__(self, task: DecodeTask) -> None:
        self._task = task

    def result(self) -> Collection[int]:
        """Wait for the chunk."""
        reasons = self._task.statuses
        return [row for row, reason in enumerate(reasons) if reason is not None]

    def cancel(self) -> None:
        """Drop what was not begun; the task keeps its buffers for the rest."""
        self._task.cancel()
