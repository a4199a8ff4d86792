"""Decoding by bsgrow's own kernels, on the host; see :mod:`bsgrow.native.decoding`."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.loading.chunk_copies import ChunkCopies
from bsgrow.loading.decoders import DecodeSettings
from bsgrow.loading.layout import as_buffer
from bsgrow.native.decoding import DecodeTask, decode_batch, decode_batch_async


class NativeDecoder:
    """Decodes chunks to host memory in the background, on the native threads; see ``Decoder``.

    Args:
        settings: size, statistics and number of threads.
    """

    def __init__(self, settings: DecodeSettings) -> None:
        self._settings = settings

    def begin_batch(self, images: Tensor) -> None:
        """The host is done with memory that it gives out."""

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


class StagedDecoder:
    """Decodes natively to host memory, and copies that to wherever it is wanted; see ``Decoder``.

    Args:
        settings: size, statistics, layout and number of threads.
        copies: to the device of the micro-batches.
    """

    def __init__(self, settings: DecodeSettings, copies: ChunkCopies) -> None:
        self._settings, self._copies = settings, copies
        self._decoder = NativeDecoder(settings)

    def begin_batch(self, images: Tensor) -> None:
        """Have the first copy wait for what may still use the memory."""
        self._copies.begin_batch(images)

    def begin(
        self, images: Sequence[memoryview], windows: NDArray[np.int32], out: Tensor
    ) -> "StagedDecoding":
        """Begin to decode a chunk."""
        staged = self._host_tensor(len(images))
        decoding = self._decoder.begin(images, windows, staged)
        return StagedDecoding(decoding, staged, out, self._copies)

    def decode_alone(self, image: memoryview, window: NDArray[np.int32], out: Tensor) -> str | None:
        """Decode one image, in the calling thread."""
        staged = self._host_tensor(1)
        reason = self._decoder.decode_alone(image, window, staged)
        if reason is None:
            self._copies.copy(staged, out)
        return reason

    def _host_tensor(self, num_samples: int) -> Tensor:
        settings = self._settings
        return torch.empty(
            (num_samples, 3, settings.size, settings.size),
            dtype=settings.dtype,
            memory_format=settings.memory_format,
            pin_memory=self._copies.stream is not None,
        )


class StagedDecoding:
    """A chunk that is decoded on the host, to be copied when its result is asked for."""

    def __init__(
        self, decoding: NativeDecoding, staged: Tensor, out: Tensor, copies: ChunkCopies
    ) -> None:
        self._decoding, self._staged = decoding, staged
        self._out, self._copies = out, copies

    def result(self) -> Collection[int]:
        """Wait for the chunk, and have it copied."""
        failed = self._decoding.result()
        self._copies.copy(self._staged, self._out)
        return failed

    def cancel(self) -> None:
        """Copy nothing."""
        self._decoding.cancel()
