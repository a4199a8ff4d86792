"""Micro-batches of encoded images: read, decoded and cropped ahead of their use, in chunks."""

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from copy import copy
from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor

from bsgrow.data import EncodedDataset, EncodedSplit, SampleError
from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.loading.decoder_choice import check_decoder, make_decoder
from bsgrow.loading.decoders import Decoder, DecodeSettings
from bsgrow.loading.encoded_chunks import ChunkFiller, EncodedBatch, encoded_chunks
from bsgrow.loading.loader import WHOLE, MicroBatch, UpdateBatches, by_update
from bsgrow.loading.lookahead import look_ahead
from bsgrow.loading.ring import Ring
from bsgrow.loading.sample_reader import NUM_READERS, SampleReader
from bsgrow.loading.settings import LoaderSettings
from bsgrow.schedule import Update
from bsgrow.stream import Cut, SampleStream, Share

_CHUNK_SIZE = 256  # a decoder's buffers hold so many images, whatever the batch
SAMPLES_AHEAD = 512  # being decoded behind those that are waited for, and read behind those
NUM_HELD = 3  # two that a consumer may look at, of which a loop does at one, and the next one


@dataclass(eq=False)
class EncodedLoader:
    """Cuts the endless stream of encoded samples into the micro-batches of a plan.

    Order, crops and flips depend on the seed and the position alone: not on batch, micro-batch,
    threads, decoder or how the stream is split over processes. Micro-batches are filled in chunks;
    a decoder is made once for chunks, and a growing batch takes more of them. Memory depends on
    micro-batch and chunk alone.

    Attributes:
        dataset: the samples.
        settings: what becomes of them.
        num_skipped: training samples that another one stood in for, so far.
        num_test_skipped: held-out samples that another one stood in for, in the share of the
            latest evaluation.

    Raises:
        InputError: DALI is wanted and not installed; or, when the first micro-batch is asked for,
            cannot begin on the device.
    """

    dataset: EncodedDataset
    settings: LoaderSettings
    num_skipped: int = field(default=0, init=False)
    num_test_skipped: int = field(default=0, init=False)
    _faults: dict[str, SampleError] = field(default_factory=dict, init=False)
    _num_reported: int = field(default=0, init=False)
    _counted_from: tuple[int, int] = field(default=(-1, 0), init=False)
    _idle_decoders: dict[tuple[int | None, int], list[Decoder]] = field(
        default_factory=lambda: defaultdict(list), init=False
    )

    def __post_init__(self) -> None:
        settings = self.settings
        assert settings.crop.size == settings.centre_crop.size, "a network sees images of one size"
        check_decoder(settings.decoder, settings.device, settings.decode)

    @property
    def may_fail_midway(self) -> bool:
        """Whether a sample that cannot be used ends an update half way."""
        return self.settings.on_error == "raise"

    def updates(self, updates: Iterable[Update]) -> Generator[UpdateBatches, None, None]:
        """Yield every update in order with its micro-batches, filled ahead across their ends.

        Close it, or run it to its end, to stop what reads and decodes ahead.

        Raises:
            SampleError: a sample cannot be used, under ``raise``; it names file and reason.
            BsgrowError: under ``skip``, too many in a row; or no open files or memory are left.
        """
        settings = self.settings
        made = by_update(updates, settings.share, settings.micro_batch_size, self._micro_batches)
        with closing(made):
            for each in made:
                self._count_from(each.update)
                yield each

    def evaluation(self, share: Share = WHOLE) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield a share of the held-out samples in order, each its middle, as (images, labels).

        Raises:
            SampleError, BsgrowError: as ``updates``, where a micro-batch is asked for.
        """
        split = self.dataset.test
        cuts = share.micro_batches(0, len(split), self.settings.micro_batch_size)
        self.num_test_skipped = 0
        with closing(self._batches(split, cuts, self.settings.centre_crop)) as batches:
            for batch in batches:
                self.num_test_skipped += batch.num_skipped
                yield self._on_device(batch)

    def with_micro_batch_size(self, size: int) -> Self:
        """Return the loader for micro-batches of another size; decoders that suit it are kept.

        Raises ValueError as ``Share.micro_batches``.
        """
        other = copy(self)
        other.settings = self.settings.with_micro_batch_size(size)
        if other._chunk_size != self._chunk_size:
            self._idle_decoders.clear()  # their buffers are of the old size
        return other

    def take_faults(self) -> list[SampleError]:
        """Return what was wrong with samples left out since the last call, once for each of them.

        In the order in which the micro-batches that they would have been in were yielded.
        """
        new = list(self._faults.values())[self._num_reported :]
        self._num_reported = len(self._faults)
        return new

    @property
    def _chunk_size(self) -> int:
        return min(_CHUNK_SIZE, self.settings.micro_batch_size)

    def _count_from(self, update: Update) -> None:
        """Begin to count what is skipped in an update, or begin anew where it is made again."""
        if update.start == self._counted_from[0]:
            self.num_skipped = self._counted_from[1]
        else:
            self._counted_from = update.start, self.num_skipped

    def _micro_batches(self, cuts: Iterable[Cut]) -> Generator[MicroBatch, None, None]:
        with closing(self._batches(self.dataset.train, cuts, self.settings.crop)) as batches:
            for batch in batches:
                self.num_skipped += batch.num_skipped
                start, stop, weight, is_last = batch.cut
                yield MicroBatch(start, stop, *self._on_device(batch), weight, is_last)

    def _batches(
        self, split: EncodedSplit, cuts: Iterable[Cut], crop: ResizedCrop | CentreCrop
    ) -> Generator[EncodedBatch, None, None]:
        """Yield filled micro-batches; closing it stops all that is under way."""
        settings, is_training = self.settings, isinstance(crop, ResizedCrop)
        stream = SampleStream(len(split), settings.seed, shuffle=is_training)
        chunk_size = self._chunk_size
        num_ahead = -(-SAMPLES_AHEAD // chunk_size)
        with ExitStack() as stack:
            threads = stack.enter_context(_threads())
            decoder = stack.enter_context(self._borrowed_decoder(crop, chunk_size))
            reader = SampleReader(split, settings.on_error, threads)
            flip = is_training and settings.augment.flip
            filler = ChunkFiller(reader, decoder, crop, flip, settings.seed)
            batches = self._empty_batches(cuts, decoder, 2 * num_ahead * chunk_size)
            chunks = encoded_chunks(batches, chunk_size, stream)
            read = closing(look_ahead(chunks, filler.begin_reading, num_ahead.__ge__))

            def has_room(num_under_way: int) -> bool:
                return num_under_way <= num_ahead and not filler.has_failed

            decoded = look_ahead(stack.enter_context(read), filler.begin_decoding, has_room)
            for chunk in stack.enter_context(closing(decoded)):
                if chunk.closes_batch:
                    yield self._noted(chunk.batch)

    def _empty_batches(
        self, cuts: Iterable[Cut], decoder: Decoder, num_samples_ahead: int
    ) -> Iterator[EncodedBatch]:
        """Yield micro-batches to fill: on the host from a ring, on a device from its allocator.

        The device's memory, and that of pinned labels, is given on in the order of its stream.
        """
        settings, size = self.settings, self.settings.crop.size
        layout = settings.layout((3, size, size))
        num_slots = -(-num_samples_ahead // settings.micro_batch_size) + NUM_HELD
        ring = Ring(layout.num_bytes(settings.micro_batch_size), num_slots)
        for cut in cuts:
            num = cut.num_samples
            if not num:
                yield EncodedBatch(cut, *layout.empty(0, settings.device))
                continue
            if settings.device.type == "cpu":
                images, labels = layout.tensors(*layout.arrays(ring.lend(), num))
            else:
                images, _ = layout.empty(num, settings.device)
                labels = decoder.side.host_memory((num,), torch.int64)
            decoder.side.take(images)
            yield EncodedBatch(cut, images, labels)

    @contextmanager
    def _borrowed_decoder(
        self, crop: ResizedCrop | CentreCrop, chunk_size: int
    ) -> Iterator[Decoder]:
        """Lend a decoder to one iteration at a time; it is made once, and kept for the next.

        After an error it is not: it may be between the results of two chunks.
        """
        idle = self._idle_decoders[crop.resize, chunk_size]
        decoder = idle.pop() if idle else self._make_decoder(crop, chunk_size)
        try:
            yield decoder
        except GeneratorExit:  # closed early: what was under way was given up in good order
            idle.append(decoder)
            raise
        idle.append(decoder)

    def _make_decoder(self, crop: ResizedCrop | CentreCrop, chunk_size: int) -> Decoder:
        settings = DecodeSettings(
            size=crop.size,
            resize=crop.resize,
            mean=self.dataset.mean,
            std=self.dataset.std,
            decode=self.settings.decode,
            device=self.settings.device,
            dtype=self.settings.dtype,
            memory_format=self.settings.memory_format,
            max_samples=chunk_size,
            num_threads=self.settings.num_threads,
        )
        return make_decoder(self.settings.decoder, settings)

    def _noted(self, batch: EncodedBatch) -> EncodedBatch:
        for fault in batch.faults:
            self._faults.setdefault(fault.where, fault)
        return batch

    def _on_device(self, batch: EncodedBatch) -> tuple[Tensor, Tensor]:
        return batch.images, batch.labels.to(self.settings.device, non_blocking=True)


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    """Yield the threads that read; what they have not begun is dropped at the end."""
    threads = ThreadPoolExecutor(NUM_READERS, thread_name_prefix="bsgrow-read")
    try:
        yield threads
    finally:
        threads.shutdown(cancel_futures=True)
