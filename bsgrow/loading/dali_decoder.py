"""Decoding by DALI, and finding the image that it refuses among those of a chunk."""

from collections.abc import Collection, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.errors import BsgrowError
from bsgrow.loading.dali_pipeline import DaliPipeline
from bsgrow.loading.decoders import DecodeSettings
from bsgrow.loading.native_decoder import NativeDecoder


class DaliDecoder:
    """Decodes chunks by a DALI pipeline, on the CPU or by a GPU's decoder; see ``Decoder``.

    On the CPU JPEGs come out as Pillow decodes them. The resize differs from the native one by at
    most one level of 255 inside, and by more in the outermost pixels: where the filter reaches over
    the edge of the window, DALI repeats the edge and Pillow gives its weight to the other pixels.

    Args:
        settings: size, statistics, device and the longest chunk.

    Attributes:
        device: where it writes to.
        num_built: pipelines for chunks that were built; more than one only after an image that
            DALI refused, which makes a pipeline invalid. Such an image is decoded natively, if it
            can be.

    Raises:
        InputError: DALI is not installed.
    """

    def __init__(self, settings: DecodeSettings) -> None:
        self.device = settings.device
        self.num_built = 0
        self._settings = settings
        self._for_one: DaliPipeline | None = None
        self._pipeline = self._build()

    def begin(
        self, images: Sequence[memoryview], windows: NDArray[np.int32], out: Tensor
    ) -> "DaliDecoding":
        """Begin to decode a chunk."""
        return DaliDecoding(self, self._pipeline, images, windows, out)

    def decode_alone(self, image: memoryview, window: NDArray[np.int32], out: Tensor) -> str | None:
        """Decode one image, in a pipeline of its own; what DALI refuses, natively."""
        if self.try_alone(image, window, out):
            return None
        return self.decode_natively(image, window, out)

    def try_alone(self, image: memoryview, window: NDArray[np.int32], out: Tensor) -> bool:
        """Decode one image by DALI; returns whether it could."""
        self._for_one = self._for_one or DaliPipeline(self._settings, max_samples=1)
        try:
            self._for_one.feed([image], window)
            self._for_one.fetch(out)
        except RuntimeError:
            self._for_one = None
            return False
        return True

    def decode_natively(
        self, image: memoryview, window: NDArray[np.int32], out: Tensor
    ) -> str | None:
        """Decode on the host: DALI knows fewer formats, and says less of what is wrong."""
        on_host = torch.empty_like(out, device="cpu")
        reason = NativeDecoder(self._settings).decode_alone(image, window, on_host)
        out.copy_(on_host)
        return reason

    def retire(self, pipeline: DaliPipeline) -> None:
        """Take a pipeline out of use: after an error DALI calls it invalid."""
        if self._pipeline is pipeline:
            self._pipeline = self._build()

    def _build(self) -> DaliPipeline:
        self.num_built += 1
        return DaliPipeline(self._settings, self._settings.max_samples)


class DaliDecoding:
    """A chunk on its way through a pipeline; see ``Decoding``."""

    def __init__(
        self,
        decoder: DaliDecoder,
        pipeline: DaliPipeline,
        images: Sequence[memoryview],
        windows: NDArray[np.int32],
        out: Tensor,
    ) -> None:
        self._decoder, self._pipeline = decoder, pipeline
        self._images, self._windows, self._out = images, windows, out
        self._fed = pipeline.feed(images, windows)

    def result(self) -> Collection[int]:
        """Wait for the chunk. A bad image fails all of it, so that each is then tried alone."""
        try:
            self._pipeline.fetch(self._out)
        except RuntimeError as error:
            return self._decode_one_by_one(error)
        return ()

    def cancel(self) -> None:
        """Wait for the result and drop it, since it stands before others in the queue."""
        try:
            self._pipeline.drop()
        except RuntimeError:
            self._decoder.retire(self._pipeline)

    def _decode_one_by_one(self, error: RuntimeError) -> Collection[int]:
        decoder = self._decoder
        decoder.retire(self._pipeline)
        refused = [row for row in self._rows if not decoder.try_alone(*self._one(row))]
        if not refused:
            raise BsgrowError(
                f"DALI decodes each image of a chunk and not the chunk: {error}",
                hint='a smaller run.micro_batch_size takes less memory; data.decoder = "native" '
                "does without DALI",
            ) from error
        return [row for row in refused if decoder.decode_natively(*self._one(row)) is not None]

    @property
    def _rows(self) -> range:
        return range(len(self._images))

    def _one(self, row: int) -> tuple[memoryview, NDArray[np.int32], Tensor]:
        one = slice(row, row + 1)
        return self._images[row], self._windows[one], self._out[one]
