"""From samples to pixels: reading, windows, decoding, and stand-ins for bad samples.

Reading and decoding are begun here and waited for later, so that the chunks behind one are under
way while it is waited for.
"""

from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bsgrow.data import EncodedSplit, SampleError
from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.loading.decoders import Decoder, Decoding
from bsgrow.loading.encoded_batch import Chunk
from bsgrow.loading.faults import OnError, first_usable
from bsgrow.loading.sample_reader import EncodedSample, ReadSamples, SampleReader, gather
from bsgrow.native.resized_crop import crop_windows


@dataclass(frozen=True, slots=True)
class View:
    """What is shown of each image.

    Attributes:
        crop: a random window to train, the middle to evaluate.
        flip: whether it is mirrored at random.
        seed: of both.
    """

    crop: ResizedCrop | CentreCrop
    flip: bool
    seed: int


class ChunkFiller:
    """Fills chunks from one split.

    Args:
        split: where the samples are.
        view: what is shown of each.
        reader: reads them.
        decoder: decodes them.
        on_error: what to do about those that cannot be decoded.
    """

    def __init__(
        self,
        split: EncodedSplit,
        view: View,
        reader: SampleReader,
        decoder: Decoder,
        on_error: OnError,
    ) -> None:
        self._split, self._view, self._on_error = split, view, on_error
        self._reader, self._decoder = reader, decoder

    def begin_reading(self, chunk: Chunk) -> "_Reading":
        """Begin to read the samples of a chunk; the result is the chunk with them."""
        return _Reading(chunk, self._reader.begin(chunk.indices))

    def begin_decoding(self, chunk: Chunk) -> "_Decoding":
        """Begin to decode a chunk that was read; the result is the chunk with its rows filled."""
        contents = [sample.content for sample in chunk.samples]
        windows = self._windows(chunk.samples, chunk.indices, chunk.epochs)
        return _Decoding(self, chunk, self._decoder.begin(contents, windows, chunk.images))

    def complete(self, chunk: Chunk, failed: list[int]) -> None:
        """Find stand-ins for the rows that cannot be decoded, and write the labels.

        Raises:
            SampleError, BsgrowError: as ``first_usable``.
        """
        for row in failed:
            chunk.samples[row] = self._replace(chunk, row)
        indices = np.array([sample.index for sample in chunk.samples])
        chunk.batch.labels[chunk.rows].numpy()[:] = self._split.labels[indices]
        chunk.batch.num_skipped += int((indices != chunk.indices).sum())

    def _replace(self, chunk: Chunk, row: int) -> EncodedSample:
        """Try the sample asked for once more, then those after it, one by one."""

        def use(index: int) -> EncodedSample:
            return self._decode_alone(chunk, row, index)

        asked, faults = int(chunk.indices[row]), chunk.batch.faults
        return first_usable(self._split, asked, use, faults, self._on_error)

    def _decode_alone(self, chunk: Chunk, row: int, index: int) -> EncodedSample:
        sample, one = self._reader.read_as_is(index), slice(row, row + 1)
        window = self._windows([sample], chunk.indices[one], chunk.epochs[one])
        reason = self._decoder.decode_alone(sample.content, window, chunk.images[one])
        if reason is not None:
            raise SampleError(self._split.locate(index), reason)
        return sample

    def _windows(
        self,
        samples: list[EncodedSample],
        indices: NDArray[np.int64],
        epochs: NDArray[np.int64],
    ) -> NDArray[np.int32]:
        """Return int32 [n, 5], drawn for the samples asked for, whichever stand in for them."""
        sizes = np.array([sample.size for sample in samples], np.int64)
        view = self._view
        return crop_windows(sizes, indices, epochs, view.seed, view.crop, view.flip)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A chunk whose samples are being read."""

    chunk: Chunk
    reads: list[Future[ReadSamples]]

    def result(self) -> Chunk:
        read = gather(self.reads)
        self.chunk.samples = read.samples
        self.chunk.batch.faults += read.faults
        return self.chunk

    def cancel(self) -> None:
        for read in self.reads:
            read.cancel()


@dataclass(frozen=True, slots=True)
class _Decoding:
    """A chunk that is being decoded."""

    filler: ChunkFiller
    chunk: Chunk
    decoding: Decoding

    def result(self) -> Chunk:
        self.filler.complete(self.chunk, sorted(self.decoding.result()))
        return self.chunk

    def cancel(self) -> None:
        self.decoding.cancel()
