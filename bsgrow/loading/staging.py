"""Where micro-batches are put together on the host, ahead of their use, and sent to a device."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from numpy.typing import NDArray

from bsgrow.errors import InputError
from bsgrow.loading.chunks import Chunk, Piece, chunks_of
from bsgrow.loading.layout import BatchLayout
from bsgrow.loading.lookahead import Begun, Idle, look_ahead
from bsgrow.loading.ring import Ring
from bsgrow.loading.side_stream import MAX_SOURCES, SideStream, Tensors
from bsgrow.native import Task
from bsgrow.stream import Cut

_HOST = torch.device("cpu")
_NUM_AHEAD = 2  # slots filled or being filled: one that is asked for next, one to go on with
_NUM_HELD = 2  # slots that a consumer may look at while it asks; a loop does at one
_NUM_SLOTS = _NUM_AHEAD + 1  # that a loop takes
# Each of 24 MB of pixels and of some labels, written past the caches. Each time that it is asked
# for the next one, the interpreter has to come back into caches that the work has filled: images of
# 32x32x3 in batches of 128 come 4 % slower in slots of 12 MB; see csrc/README.md.
_SLOT_BYTES = (24 << 20) + (64 << 10)
DEFAULT_PREFETCH_BYTES = _NUM_SLOTS * _SLOT_BYTES

# Micro-batches that are loaded together, at most: what it costs to begin is nothing among so many.
_MAX_TOGETHER = 64

Load = Callable[[int, int, NDArray[Any], NDArray[Any]], Task]
"""Begins to load positions [start, stop) into images and labels, bfloat16 as uint16."""

Filled = Iterator[tuple[Piece, Tensors]]
"""Pieces of a chunk with their images and labels."""

Staged = Generator[tuple[Piece, Tensors], None, None]
"""Pieces of the stream with their images and labels; closing it drops what was fetched ahead."""

Fill = Callable[[Iterable[Cut], int], Staged[Cut]]
"""Makes the micro-batch of each cut, in order; told how many samples the largest may have."""


@dataclass(frozen=True)
class Staging:
    """Fills micro-batches in the background and hands them over in order, on their device.

    They lie in a ring of slots of one size. Micro-batches that follow each other in the stream are
    a chunk, loaded at once, as many whole ones as a slot has room for, so that what it costs to
    begin is little beside the loading where they are small. Memory is set by these numbers alone,
    whatever the global batch and however long the stream, but for what the consumer keeps: the
    smallest view of a micro-batch keeps its whole slot.

    Attributes:
        layout: of a micro-batch.
        micro_batch_size: samples in the largest.
        device: where they are wanted.
        prefetch_bytes: host memory of the ring: three slots, each of one micro-batch at least and
            64 at most; a fourth is made on CUDA, where two are copied from, and for a consumer that
            looks at two. 0 fills each micro-batch when it is asked for.

    Raises:
        InputError: prefetch_bytes is negative.
    """

    layout: BatchLayout
    micro_batch_size: int
    device: torch.device
    prefetch_bytes: int = DEFAULT_PREFETCH_BYTES

    def __post_init__(self) -> None:
        if self.prefetch_bytes < 0:
            raise InputError(
                f"prefetch_bytes = {self.prefetch_bytes}: expected 0 or more",
                hint="0 fills each micro-batch when it is asked for",
            )

    @property
    def num_slots(self) -> int:
        """Slots that a loop over micro-batches on the host takes."""
        return _NUM_SLOTS if self.prefetch_bytes else 0

    @property
    def slot_samples(self) -> int:
        """Samples that a slot has room for."""
        fit = self.layout.num_samples(self.prefetch_bytes // _NUM_SLOTS)
        return min(max(fit, self.micro_batch_size), _MAX_TOGETHER * self.micro_batch_size)

    def batches(self, pieces: Iterable[Piece], load: Load) -> Staged[Piece]:
        """Yield each piece of the stream, one micro-batch, with its images and labels.

        A piece of no samples keeps its place in the order, takes no memory, and is on the host.

        A tensor belongs to whoever holds it, also after this generator has ended. The slot that it
        lies in is reused, or freed, when no tensor of it is left. What is held takes nothing from
        what is filled ahead.
        """
        on_host = self._on_host(pieces, load)
        if self.device.type == "cuda":
            return self._on_device(on_host)
        return on_host if self.device.type == "cpu" else self._copied(on_host)

    def _on_host(self, pieces: Iterable[Piece], load: Load) -> Staged[Piece]:
        ring = self._ring()

        def begin(chunk: Chunk[Piece]) -> Begun[Filled[Piece]] | Idle[Filled[Piece]]:
            if chunk.start == chunk.stop:
                return Idle((piece, self.layout.empty(0, _HOST)) for piece in chunk.pieces)
            arrays = self.layout.arrays(ring.lend(), chunk.stop - chunk.start)
            task = load(chunk.start, chunk.stop, *arrays)

            def result() -> Filled[Piece]:
                task.wait()
                return self._divide(chunk, *arrays)

            return Begun(result, task.cancel)

        chunks = chunks_of(pieces, self.slot_samples if self.prefetch_bytes else 0)
        with closing(look_ahead(chunks, begin, self._has_room)) as loaded:
            yield from chain.from_iterable(loaded)

    def _divide(
        self, chunk: Chunk[Piece], images: NDArray[Any], labels: NDArray[Any]
    ) -> Filled[Piece]:
        """Yield the pieces of a chunk, each a tensor of its own that knows of no other."""
        start = chunk.start
        for piece in chunk.pieces:  # a call for each would show where they are small
            rows = slice(piece.start - start, piece.stop - start)
            yield piece, self.layout.tensors(images[rows], labels[rows])

    def _copied(self, on_host: Staged[Piece]) -> Staged[Piece]:
        """Copy to a device that has no streams here, as a Mac's GPU: the host waits for it."""
        with closing(on_host):
            for piece, (images, labels) in on_host:
                yield piece, (images.to(self.device), labels.to(self.device))

    def _on_device(self, on_host: Staged[Piece]) -> Staged[Piece]:
        side = SideStream(self.device)

        def begin(
            staged: tuple[Piece, Tensors],
        ) -> Begun[tuple[Piece, Tensors]] | Idle[tuple[Piece, Tensors]]:
            piece, tensors = staged
            if piece.start == piece.stop:
                return Idle(staged)
            arrive = side.send(tensors)
            return Begun(lambda: (piece, arrive()), arrive)

        try:
            with closing(on_host):
                yield from look_ahead(on_host, begin, self._has_room)
        finally:
            side.release(0)

    def _has_room(self, num_under_way: int) -> bool:
        """Whether one more may be under way, the one to hand over included."""
        return num_under_way < (_NUM_AHEAD if self.prefetch_bytes else 1)

    def _ring(self) -> Ring:
        on_cuda = self.device.type == "cuda"
        num_slots = _NUM_AHEAD + (MAX_SOURCES if on_cuda else _NUM_HELD)
        num_kept = num_slots if self.prefetch_bytes else 0
        return Ring(self.layout.num_bytes(self.slot_samples), num_kept, pinned=on_cuda)
