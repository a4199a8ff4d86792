"""Decoding by DALI, and finding the image that it refuses among those of a chunk."""

from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.errors import BsgrowError
from bsgrow.images.dali_formats import dali_decodes
from bsgrow.loading.dali_pipeline import DaliPipeline
from bsgrow.loading.decoders import DecodeSettings
from bsgrow.loading.lookahead import Begun
from bsgrow.loading.native_decoder import NativeDecoder
from bsgrow.loading.side_stream import SideStream


class DaliDecoder:
    """Decodes chunks by a DALI pipeline, on the CPU or by a GPU's decoder; see ``Decoder``.

    On the CPU JPEGs come out as Pillow decodes them. The resize differs from the native one by at
    most one level of 255 inside, and by more in the outermost pixels: where the filter reaches over
    the edge of the window, DALI repeats the edge and Pillow gives its weight to the other pixels.

    What comes of an image follows from its bytes and its window: DALI is given what
    ``dali_decodes`` says, and what it refuses nevertheless, as damaged data, is decoded natively,
    or is bad there too. A refusal costs the chunk, so that an image which was refused once is from
    then on tried before its chunk's end, alone: that changes what it costs, not what comes of it.

    Args:
        settings: size, statistics, device and the longest chunk.

    Attributes:
        num_built: pipelines for chunks that were built; more than one only after an image that
            DALI refused in one, which makes a pipeline invalid.
        native: decodes what DALI is not given.

    Raises:
        InputError: DALI is not installed, or cannot begin on the device.
    """

    def __init__(self, settings: DecodeSettings) -> None:
        self.num_built = 0
        self._settings = settings
        self.side = SideStream(settings.device)
        self.native = NativeDecoder(settings, self.side)
        self._refused = KnownImages()
        self._for_one: DaliPipeline | None = None
        self._pipeline = self._build()

    def begin(
        self, images: Sequence[memoryview], windows: NDArray[np.int32], out: Tensor
    ) -> Begun[Collection[int]]:
        """Begin to decode a chunk."""
        chunk = _Chunk(self, self._pipeline, images, windows, out)
        return Begun(chunk.result, chunk.cancel)

    def decode_alone(self, image: memoryview, window: NDArray[np.int32], out: Tensor) -> str | None:
        """Decode one image, in a pipeline of its own; what DALI refuses, natively."""
        if dali_decodes(image) and self.try_alone(image, window, out):
            return None
        return self.native.decode_alone(image, window, out)

    def try_alone(self, image: memoryview, window: NDArray[np.int32], out: Tensor) -> bool:
        """Decode one image by DALI; returns whether it could, and knows the image where not."""
        self._for_one = self._for_one or DaliPipeline(self._settings, 1, self.side)
        try:
            self._for_one.feed([image], window)
            self._for_one.fetch(out)
        except RuntimeError:
            self._for_one = None
            self._refused.add(image)
            return False
        return True

    def retire(self, pipeline: DaliPipeline) -> None:
        """Take a pipeline out of use: after an error DALI calls it invalid."""
        if self._pipeline is pipeline:
            self._pipeline = self._build()

    def was_refused(self, image: memoryview) -> bool:
        """Whether DALI refused an image before."""
        return image in self._refused

    def _build(self) -> DaliPipeline:
        self.num_built += 1
        return DaliPipeline(self._settings, self._settings.max_samples, self.side)


class KnownImages:
    """A set of images, by content; to ask for one that is not in it costs next to nothing."""

    def __init__(self) -> None:
        self._digests: set[bytes] = set()
        self._lengths: set[int] = set()

    def add(self, image: memoryview) -> None:
        """Know an image from now on."""
        self._lengths.add(len(image))  # nearly every image is told by it, without being hashed
        self._digests.add(_digest(image))

    def __contains__(self, image: memoryview) -> bool:
        return len(image) in self._lengths and _digest(image) in self._digests


def _digest(image: memoryview) -> bytes:
    return blake2b(image, digest_size=16).digest()


class _Chunk:
    """A chunk on its way, through DALI and natively what that is not given; see ``Decoder.begin``.

    Args:
        decoder: whose chunk it is.
        pipeline: of the decoder.
        images: encoded, n of them.
        windows: int32 [n, 5].
        out: written.
    """

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
        given = {row for row, image in enumerate(images) if dali_decodes(image)}
        self._alone = sorted(row for row in given if decoder.was_refused(images[row]))
        self._by_dali = sorted(given.difference(self._alone))
        self._fed = self._feed() if self._by_dali else None
        natively = [row for row in range(len(images)) if row not in given]
        self._native = self._begin_natively(natively)

    def result(self) -> Collection[int]:
        """Wait for the chunk. A bad image fails all that DALI has of it: each is then tried alone.

        Raises:
            BsgrowError: DALI fails, and at no image in particular.
        """
        refused = [*self._fetch()]  # first, since it writes every row
        refused += [row for row in self._alone if not self._try_alone(row)]
        natively = self._native | self._begin_natively(refused)
        return sorted(row for row, native in natively.items() if native.result())

    def cancel(self) -> None:
        """Wait for the result and drop it, since it stands before others in the queue."""
        for native in self._native.values():
            native.cancel()
        try:
            if self._by_dali:
                self._pipeline.drop()
        except RuntimeError:
            self._decoder.retire(self._pipeline)

    def _feed(self) -> list[Any]:
        """Feed the chunk, with another of its images in place of each that is not to be in it."""
        rows = np.full(len(self._images), self._by_dali[0])
        rows[self._by_dali] = self._by_dali
        return self._pipeline.feed([self._images[row] for row in rows], self._windows[rows])

    def _begin_natively(self, rows: Sequence[int]) -> dict[int, Begun[Collection[int]]]:
        return {row: self._decoder.native.begin(*self._part(row)) for row in rows}

    def _fetch(self) -> Sequence[int]:
        """Wait for DALI's part; returns the rows that it refuses."""
        try:
            if self._by_dali:
                self._pipeline.fetch(self._out)
        except RuntimeError as error:
            return self._find_refused(error)
        return ()

    def _find_refused(self, error: RuntimeError) -> Sequence[int]:
        self._decoder.retire(self._pipeline)
        refused = [row for row in self._by_dali if not self._try_alone(row)]
        if not refused:
            raise BsgrowError(
                f"DALI decodes each image of a chunk and not the chunk: {error}",
                hint='a smaller run.micro_batch_size takes less memory; data.decoder = "native" '
                "does without DALI",
            ) from error
        return refused

    def _try_alone(self, row: int) -> bool:
        (image,), window, out = self._part(row)
        return self._decoder.try_alone(image, window, out)

    def _part(self, row: int) -> tuple[Sequence[memoryview], NDArray[np.int32], Tensor]:
        one = slice(row, row + 1)
        return self._images[one], self._windows[one], self._out[one]
