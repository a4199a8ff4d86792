"""Chunks of encoded images: reading, windows, decoding, and stand-ins for bad samples.

Reading and decoding are begun here and waited for later, so that the chunks behind one are under
way while it is waited for.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.data import SampleError
from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.loading.chunks import parts_of
from bsgrow.loading.decoders import Decoder
from bsgrow.loading.faults import first_usable
from bsgrow.loading.lookahead import Begun, Idle
from bsgrow.loading.sample_reader import EncodedSample, SampleReader
from bsgrow.native.resized_crop import crop_windows
from bsgrow.stream import Cut, SampleStream


@dataclass(slots=True)
class EncodedBatch:
    """A micro-batch, filled chunk by chunk.

    Attributes:
        cut: its positions in the stream.
        images: [n, 3, size, size], where the decoder writes to.
        labels: int64 [n], on the host.
        faults: what was wrong with samples that another one stands in for.
        num_skipped: how many those are.
    """

    cut: Cut
    images: Tensor
    labels: Tensor
    faults: list[SampleError] = field(default_factory=list)
    num_skipped: int = 0


@dataclass(slots=True)
class EncodedChunk:
    """Some rows of a micro-batch.

    Attributes:
        batch: the micro-batch.
        rows: of the micro-batch.
        indices: int64 [n], the samples asked for.
        epochs: int64 [n].
        samples: what was read for them; stand-ins where they are bad.
        error: why they could not be read.
    """

    batch: EncodedBatch
    rows: slice
    indices: NDArray[np.int64]
    epochs: NDArray[np.int64]
    samples: list[EncodedSample] = field(default_factory=list)
    error: Exception | None = None

    @property
    def images(self) -> Tensor:
        """Its part of the micro-batch."""
        return self.batch.images[self.rows]

    @property
    def closes_batch(self) -> bool:
        """Whether the micro-batch is whole after it."""
        return bool(self.rows.stop == len(self.batch.labels))


def encoded_chunks(
    batches: Iterable[EncodedBatch], chunk_size: int, stream: SampleStream
) -> Iterator[EncodedChunk]:
    """Cut micro-batches into chunks, in order; the last one of each may be short.

    Args:
        batches: drawn one by one, when their first chunk is wanted.
        chunk_size: samples in each.
        stream: tells which samples they are.
    """
    for batch in batches:
        for part in parts_of(batch.cut, chunk_size, batch.cut.start):
            epochs, samples = stream[part.start : part.stop]
            yield EncodedChunk(batch, part.rows, samples, epochs)


@dataclass(slots=True)
class ChunkFiller:
    """Fills chunks from one split.

    Attributes:
        reader: reads the samples.
        decoder: decodes them.
        crop: what is shown of each: a random window to train, the middle to evaluate.
        flip: whether it is mirrored at random.
        seed: of both.
        has_failed: whether a chunk could not be read; none after it is wanted.
    """

    reader: SampleReader
    decoder: Decoder
    crop: ResizedCrop | CentreCrop
    flip: bool
    seed: int
    has_failed: bool = field(default=False, init=False)

    def begin_reading(self, chunk: EncodedChunk) -> Begun[EncodedChunk] | Idle[EncodedChunk]:
        """Begin to read the samples of a chunk; the result is the chunk with them.

        Or with the error: it is raised where the chunk is handed over, in its turn.
        """
        if not len(chunk.indices):
            return Idle(chunk)
        reading = self.reader.begin(chunk.indices)

        def result() -> EncodedChunk:
            try:
                chunk.samples, faults = reading.result()
            except Exception as error:
                inner = error.__traceback__ and error.__traceback__.tb_next
                self.has_failed = True
                chunk.error = error.with_traceback(inner)  # this frame would hold the chunk
            else:
                chunk.batch.faults += faults
            return chunk

        return Begun(result, reading.cancel)

    def begin_decoding(self, chunk: EncodedChunk) -> Begun[EncodedChunk] | Idle[EncodedChunk]:
        """Begin to decode a chunk that was read; the result is the chunk with its rows filled.

        Which raises what kept it from being read.
        """
        if chunk.error is not None:
            return Begun(partial(_fail, chunk.error), lambda: None)
        if not chunk.samples:
            return Idle(chunk)
        contents = [sample.content for sample in chunk.samples]
        windows = self._windows(chunk.samples, chunk.indices, chunk.epochs)
        decoding = self.decoder.begin(contents, windows, chunk.images)
        return Begun(lambda: self._complete(chunk, decoding.result()), decoding.cancel)

    def _complete(self, chunk: EncodedChunk, failed: Collection[int]) -> EncodedChunk:
        """Find stand-ins for the rows that cannot be decoded, and write the labels.

        Raises:
            SampleError, BsgrowError: as ``first_usable``.
        """
        for row in sorted(failed):
            chunk.samples[row] = self._replace(chunk, row)
        indices = np.array([sample.index for sample in chunk.samples])
        chunk.batch.labels[chunk.rows].numpy()[:] = self.reader.split.labels[indices]
        chunk.batch.num_skipped += int((indices != chunk.indices).sum())
        return chunk

    def _replace(self, chunk: EncodedChunk, row: int) -> EncodedSample:
        """Try the sample asked for once more, then those after it, one by one."""

        def use(index: int) -> EncodedSample:
            return self._decode_alone(chunk, row, index)

        reader, asked = self.reader, int(chunk.indices[row])
        return first_usable(reader.split, asked, use, chunk.batch.faults, reader.on_error)

    def _decode_alone(self, chunk: EncodedChunk, row: int, index: int) -> EncodedSample:
        sample, one = self.reader.read_as_is(index), slice(row, row + 1)
        window = self._windows([sample], chunk.indices[one], chunk.epochs[one])
        reason = self.decoder.decode_alone(sample.content, window, chunk.images[one])
        if reason is not None:
            raise SampleError(self.reader.split.locate(index), reason)
        return sample

    def _windows(
        self,
        samples: list[EncodedSample],
        indices: NDArray[np.int64],
        epochs: NDArray[np.int64],
    ) -> NDArray[np.int32]:
        """Return int32 [n, 5], drawn for the samples asked for, whichever stand in for them."""
        sizes = np.array([sample.size for sample in samples], np.int64)
        return crop_windows(sizes, indices, epochs, self.seed, self.crop, self.flip)


def _fail(error: Exception) -> NoReturn:
    try:
        raise error
    finally:
        del error  # or it and its traceback would hold each other
