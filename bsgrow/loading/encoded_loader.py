"""Micro-batches of encoded images: read, decoded and cropped ahead of their use, in chunks."""

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from bsgrow.data import EncodedDataset, EncodedSplit, SampleError
from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.loading.batch_memory import BatchMemory
from bsgrow.loading.chunk_filler import ChunkFiller, View
from bsgrow.loading.decoder_choice import DecoderName, check_decoder, make_decoder
from bsgrow.loading.decoders import Decoder, DecodeSettings
from bsgrow.loading.encoded_batch import EncodedBatch, chunks_of
from bsgrow.loading.faults import OnError
from bsgrow.loading.layout import BatchLayout
from bsgrow.loading.loader import WHOLE, MicroBatch, UpdateBatches, by_update
from bsgrow.loading.prefetch import prefetch
from bsgrow.loading.sample_reader import NUM_READERS, SampleReader
from bsgrow.schedule import Update
from bsgrow.stream import Cut, SampleStream, Share

_CHUNK_SIZE = 256  # a decoder's buffers hold so many images, whatever the batch
SAMPLES_AHEAD = 512  # being decoded behind those that are waited for, and read behind those


@dataclass(eq=False)
class EncodedLoader:
    """Cuts the endless stream of encoded samples into the micro-batches of a plan.

    Order, crops and flips depend on the seed and the position alone: not on batch, micro-batch,
    threads, decoder or how the stream is split over processes. Micro-batches are filled in chunks;
    a decoder is made once for chunks, and a growing batch takes more of them. Memory depends on
    micro-batch and chunk alone.

    Attributes:
        dataset: the samples.
        crop: the window of each training sample.
        centre_crop: what is shown of each held-out sample, of the same size.
        flip: whether training samples are mirrored at random.
        seed: seed of order, crops and flips.
        micro_batch_size: samples per micro-batch, a multiple of the ghost batch.
        device: where the micro-batches are wanted.
        dtype: float32, float16 or bfloat16.
        memory_format: torch.contiguous_format or torch.channels_last.
        num_threads: threads that decode.
        decoder: which one; see ``DecoderName``.
        on_error: what to do about a sample that cannot be used; see ``OnError``.
        share: what this rank takes of each update.
        num_skipped: training samples that another one stood in for, so far.
        num_test_skipped: held-out samples that another one stood in for, in the latest evaluation.

    Raises:
        InputError: DALI is wanted and not installed; or, when the first micro-batch is asked for,
            cannot begin on the device.
    """

    dataset: EncodedDataset
    crop: ResizedCrop
    centre_crop: CentreCrop
    flip: bool
    seed: int
    micro_batch_size: int
    device: torch.device
    dtype: torch.dtype = torch.float32
    memory_format: torch.memory_format = torch.contiguous_format
    num_threads: int = 1
    decoder: DecoderName = "auto"
    on_error: OnError = "raise"
    share: Share = WHOLE
    num_skipped: int = field(default=0, init=False)
    num_test_skipped: int = field(default=0, init=False)
    _faults: dict[str, SampleError] = field(default_factory=dict, init=False)
    _num_reported: int = field(default=0, init=False)
    _idle_decoders: dict[int | None, list[Decoder]] = field(
        default_factory=lambda: defaultdict(list), init=False
    )

    def __post_init__(self) -> None:
        assert self.crop.size == self.centre_crop.size, "a network sees images of one size"
        check_decoder(self.decoder, self.device)

    @property
    def may_fail_midway(self) -> bool:
        """Whether a sample that cannot be used ends an update half way."""
        return self.on_error == "raise"

    def updates(self, updates: Iterable[Update]) -> Generator[UpdateBatches, None, None]:
        """Yield every update in order with its micro-batches, filled ahead across their ends.

        Close it, or run it to its end, to stop what reads and decodes ahead.

        Raises:
            SampleError: a sample cannot be used, under ``raise``; it names file and reason.
            BsgrowError: under ``skip``, too many in a row; or no open files or memory are left.
        """
        return by_update(updates, self.share, self.micro_batch_size, self._micro_batches)

    def _micro_batches(self, cuts: Iterable[Cut]) -> Generator[MicroBatch, None, None]:
        split, view = self.dataset.train, View(self.crop, self.flip, self.seed)
        stream = SampleStream(len(split), self.seed)
        with closing(self._batches(split, view, cuts, stream)) as batches:
            for batch in batches:
                self.num_skipped += batch.num_skipped
                start, stop, weight, is_last = batch.cut
                yield MicroBatch(start, stop, *self._on_device(batch), weight, is_last)

    def evaluation(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the held-out samples in order, each its middle, as (images, labels).

        Raises:
            SampleError, BsgrowError: as ``updates``, where a micro-batch is asked for.
        """
        split, view = self.dataset.test, View(self.centre_crop, flip=False, seed=self.seed)
        cuts = WHOLE.micro_batches(0, len(split), self.micro_batch_size)
        self.num_test_skipped = 0
        stream = SampleStream(len(split), self.seed, shuffle=False)
        with closing(self._batches(split, view, cuts, stream)) as batches:
            for batch in batches:
                self.num_test_skipped += batch.num_skipped
                yield self._on_device(batch)

    def take_faults(self) -> list[SampleError]:
        """Return what was wrong with samples left out since the last call, once for each of them.

        In the order in which the micro-batches that they would have been in were yielded.
        """
        new = list(self._faults.values())[self._num_reported :]
        self._num_reported = len(self._faults)
        return new

    def _batches(
        self, split: EncodedSplit, view: View, cuts: Iterable[Cut], stream: SampleStream
    ) -> Generator[EncodedBatch, None, None]:
        """Yield filled micro-batches; closing it stops all that is under way."""
        chunk_size = min(_CHUNK_SIZE, self.micro_batch_size)
        num_ahead = -(-SAMPLES_AHEAD // chunk_size)
        with ExitStack() as stack:
            threads = stack.enter_context(_threads())
            decoder = stack.enter_context(self._borrowed_decoder(view, chunk_size))
            reader = SampleReader(split, self.on_error, threads)
            filler = ChunkFiller(split, view, reader, decoder, self.on_error)
            batches = self._empty_batches(cuts, decoder, 2 * num_ahead * chunk_size)
            chunks = chunks_of(batches, chunk_size, stream)
            read = closing(prefetch(chunks, filler.begin_reading, num_ahead.__ge__))
            decoded = prefetch(stack.enter_context(read), filler.begin_decoding, num_ahead.__ge__)
            for chunk in stack.enter_context(closing(decoded)):
                if chunk.closes_batch:
                    yield self._noted(chunk.batch)

    def _empty_batches(
        self, cuts: Iterable[Cut], decoder: Decoder, num_samples_ahead: int
    ) -> Iterator[EncodedBatch]:
        layout = BatchLayout((3, self.crop.size, self.crop.size), self.dtype, self.memory_format)
        num_ahead = -(-num_samples_ahead // self.micro_batch_size)
        memory = BatchMemory(layout, self.micro_batch_size, num_ahead, self.device)
        for cut in cuts:
            batch = EncodedBatch(cut, *memory.new(cut.num_samples))
            decoder.begin_batch(batch.images)
            yield batch

    @contextmanager
    def _borrowed_decoder(self, view: View, chunk_size: int) -> Iterator[Decoder]:
        """Lend a decoder to one iteration at a time; it is made once, and kept for the next.

        After an error it is not: it may be between the results of two chunks.
        """
        idle = self._idle_decoders[view.crop.resize]
        decoder = idle.pop() if idle else self._make_decoder(view, chunk_size)
        try:
            yield decoder
        except GeneratorExit:  # closed early: what was under way was given up in good order
            idle.append(decoder)
            raise
        idle.append(decoder)

    def _make_decoder(self, view: View, chunk_size: int) -> Decoder:
        settings = DecodeSettings(
            size=view.crop.size,
            resize=view.crop.resize,
            mean=self.dataset.mean,
            std=self.dataset.std,
            device=self.device,
            dtype=self.dtype,
            memory_format=self.memory_format,
            max_samples=chunk_size,
            num_threads=self.num_threads,
        )
        return make_decoder(self.decoder, settings)

    def _noted(self, batch: EncodedBatch) -> EncodedBatch:
        for fault in batch.faults:
            self._faults.setdefault(fault.where, fault)
        return batch

    def _on_device(self, batch: EncodedBatch) -> tuple[Tensor, Tensor]:
        return batch.images, batch.labels.to(self.device, non_blocking=True)


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    """Yield the threads that read; what they have not begun is dropped at the end."""
    threads = ThreadPoolExecutor(NUM_READERS, thread_name_prefix="bsgrow-read")
    try:
        yield threads
    finally:
        threads.shutdown(cancel_futures=True)
