"""Where micro-batches are put together, ahead of their use: a ring on the host, and the device."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor

from bsgrow.errors import InputError
from bsgrow.loading.device_copy import MAX_SOURCES, Copy, DeviceCopies
from bsgrow.loading.layout import BatchLayout
from bsgrow.loading.prefetch import prefetch
from bsgrow.loading.ring import Ring
from bsgrow.native import Task
from bsgrow.schedule import Update
from bsgrow.schedule.split import micro_slices

# What is filled long before its use has left the caches, and a consumer in step needs no more: 16
# micro-batches of 128 small images took half as much time again to fill and fetch as five.
DEFAULT_PREFETCH_BYTES = 8 << 20

# One that the consumer still holds when it asks for the next, one that it gets, one to fill.
_MIN_SLOTS = 3
# More hide nothing that these do not.
_MAX_SLOTS = 16


class Slice(NamedTuple):
    """Positions [start, stop) of a stream of samples.

    Attributes:
        start: first position.
        stop: one past the last.
        update: the update that they belong to; None outside training.
    """

    start: int
    stop: int
    update: Update | None = None


Fill = Callable[[int, int, NDArray[Any], NDArray[Any]], Task]
"""Begins to load positions [start, stop) into images and labels, bfloat16 as uint16."""

Batch = tuple[Slice, tuple[Tensor, Tensor]]


def slices_of(updates: Iterable[Update], micro_batch_size: int) -> Iterator[Slice]:
    """Yield the micro-batches of each update in turn."""
    for update in updates:
        for start, stop in micro_slices(update.start, update.stop, micro_batch_size):
            yield Slice(start, stop, update)


@dataclass(frozen=True)
class Staging:
    """Fills micro-batches in the background and hands them over in order, on their device.

    Memory is set by these numbers alone, whatever the global batch and however long the stream.

    Attributes:
        layout: of a micro-batch.
        micro_batch_size: samples in the largest.
        device: where they are wanted.
        prefetch_bytes: host memory to fill ahead; room for at least three micro-batches is taken,
            for at most sixteen, and on CUDA for two more to copy from. 0 fills each when it is
            asked for.

    Raises:
        InputError: prefetch_bytes is negative.
    """

    layout: BatchLayout
    micro_batch_size: int
    device: torch.device
    prefetch_bytes: int

    def __post_init__(self) -> None:
        if self.prefetch_bytes < 0:
            raise InputError(
                f"prefetch_bytes = {self.prefetch_bytes}: expected 0 or more",
                hint="0 fills each micro-batch when it is asked for",
            )

    def batches(self, slices: Iterable[Slice], fill: Fill) -> Generator[Batch, None, None]:
        """Yield each slice with its images and labels; close it to drop what was begun.

        A tensor belongs to whoever holds it, also after this generator has ended.
        """
        on_host = self._on_host(slices, fill)
        return self._on_device(on_host) if self.device.type == "cuda" else on_host

    def _on_host(self, slices: Iterable[Slice], fill: Fill) -> Generator[Batch, None, None]:
        ring = self._ring()

        def begin(piece: Slice) -> _Filling:
            arrays = self.layout.arrays(ring.lend(), piece.stop - piece.start)
            task = fill(piece.start, piece.stop, *arrays)
            return _Filling(task, (piece, self.layout.tensors(*arrays)))

        return prefetch(slices, begin, lambda _: ring.has_room)

    def _ring(self) -> Ring:
        on_cuda = self.device.type == "cuda"
        slot_bytes = self.layout.num_bytes(self.micro_batch_size)
        num_slots = 0
        if self.prefetch_bytes:
            num_slots = min(max(self.prefetch_bytes // slot_bytes, _MIN_SLOTS), _MAX_SLOTS)
            num_slots += MAX_SOURCES if on_cuda else 0
        return Ring(slot_bytes, num_slots, pinned=on_cuda)

    def _on_device(self, on_host: Generator[Batch, None, None]) -> Generator[Batch, None, None]:
        copies = DeviceCopies(self.device)
        num_ahead = 2 if self.prefetch_bytes else 1  # the one to hand over included

        def begin(batch: Batch) -> _Copying:
            piece, tensors = batch
            return _Copying(piece, copies.begin(tensors))

        try:
            with closing(on_host):
                yield from prefetch(on_host, begin, lambda num: num < num_ahead)
        finally:
            copies.finish()


@dataclass(frozen=True)
class _Filling:
    """A micro-batch that is being filled."""

    task: Task
    batch: Batch

    def result(self) -> Batch:
        self.task.wait()
        return self.batch

    def cancel(self) -> None:
        self.task.cancel()


@dataclass(frozen=True)
class _Copying:
    """A micro-batch that is being copied to the device."""

    piece: Slice
    copy: Copy

    def result(self) -> Batch:
        images, labels = self.copy.result()
        return self.piece, (images, labels)

    def cancel(self) -> None:
        self.copy.cancel()
