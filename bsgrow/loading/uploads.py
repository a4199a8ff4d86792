"""A ring of chunks on their way to a device: gathered by native threads, copied, used, reused."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from typing import TypeVar

import torch

from bsgrow.data import ArraySplit
from bsgrow.loading.chunks import Chunk
from bsgrow.loading.transport import Event, Transport
from bsgrow.native import Task, gather_async

Owner = TypeVar("Owner")


class Slot:
    """Memory of one chunk, on the host and on the device, and how far its chunk has come.

    Args:
        num_samples: of a full chunk.
        image_shape: (C, H, W).
        transport: where the memory is, and how it is copied.
    """

    def __init__(
        self, num_samples: int, image_shape: tuple[int, int, int], transport: Transport
    ) -> None:
        shapes = (((num_samples, *image_shape), torch.uint8), ((num_samples,), torch.int64))
        self._transport = transport
        self._host = [transport.host_memory(*shape) for shape in shapes]
        self.images, self.labels = (transport.device_memory(*shape) for shape in shapes)
        self._task: Task | None = None
        self._copied: Event | None = None
        # Memory that an allocator gives out in the order of a stream may be in use there until now.
        self._used = transport.mark()
        self._num_samples = 0

    @property
    def is_idle(self) -> bool:
        """Whether the host's memory may be written again."""
        return self._copied is None or self._copied.query()

    def gather(
        self,
        split: ArraySplit,
        start: int,
        stop: int,
        *,
        seed: int,
        shuffle: bool,
        num_threads: int,
    ) -> None:
        """Start gathering positions [start, stop); waits for the last copy if it is not over."""
        if self._copied is not None:
            self._copied.synchronize()
        self._copied, self._num_samples = None, stop - start
        images, labels = (memory[: stop - start].numpy() for memory in self._host)
        self._task = gather_async(
            split.images,
            split.labels,
            seed=seed,
            start=start,
            stop=stop,
            out_images=images,
            out_labels=labels,
            shuffle=shuffle,
            num_threads=num_threads,
        )

    def copy_if_gathered(self) -> bool:
        """Start the copy once all is gathered; return whether it was started, now or before."""
        if self._task is not None and self._task.done():
            self.copy()
        return self._task is None

    def copy(self) -> None:
        """Start the copy, after gathering what is not yet."""
        if self._task is None:
            return
        self._task.wait()
        self._task = None
        pairs = zip(self._host, (self.images, self.labels), strict=True)
        num = self._num_samples
        self._copied = self._transport.copy([(h[:num], d[:num]) for h, d in pairs], self._used)

    def begin_use(self) -> None:
        """Let what is launched from now on find the chunk on the device."""
        self.copy()
        assert self._copied is not None, "a copy was started"
        self._transport.await_on_device(self._copied)

    def end_use(self) -> None:
        """Let the next copy come after what was launched so far."""
        self._used = self._transport.mark()

    def cancel(self) -> None:
        """Stop gathering."""
        if self._task is not None:
            self._task.cancel()
            self._task = None


class Uploads:
    """Takes chunks of a split to the device, as many ahead as there are slots.

    The gathering goes on in the background, the copies on the device. Both are started by
    whoever calls `poll`, so that there is no thread to stop.

    Args:
        split: the samples.
        seed: of the order.
        shuffle: whether they are in the stream's order or their own.
        slots: memory to use, in turn; nobody else uses them meanwhile.
        num_threads: threads that gather.
    """

    def __init__(
        self, split: ArraySplit, *, seed: int, shuffle: bool, slots: list[Slot], num_threads: int
    ) -> None:
        self._split = split
        self._seed = seed
        self._shuffle = shuffle
        self._num_threads = num_threads
        self._free = deque(slots)
        self._under_way: deque[Slot] = deque()

    def poll(self) -> None:
        """Start the copies whose chunks are gathered. Waits for nothing."""
        for slot in self._under_way:
            if not slot.copy_if_gathered():
                return

    def each(
        self, chunks: Iterable[Chunk[Owner]]
    ) -> Generator[tuple[Chunk[Owner], Slot], None, None]:
        """Yield the chunks with the slot that holds each, until the next is asked for."""
        ahead: deque[Chunk[Owner]] = deque()
        remaining = iter(chunks)
        try:
            while True:
                self._begin(remaining, ahead)
                if not ahead:
                    return
                slot = self._under_way.popleft()
                slot.begin_use()
                self.poll()
                yield ahead.popleft(), slot
                slot.end_use()
                self._free.append(slot)
        finally:
            for slot in self._under_way:
                slot.cancel()

    def _begin(self, remaining: Iterator[Chunk[Owner]], ahead: deque[Chunk[Owner]]) -> None:
        """Gather into what is free; wait for that only where there is nothing else to give out."""
        while self._free and (self._free[0].is_idle or not ahead):
            chunk = next(remaining, None)
            if chunk is None:
                return
            slot = self._free.popleft()
            slot.gather(
                self._split,
                chunk.start,
                chunk.stop,
                seed=self._seed,
                shuffle=self._shuffle,
                num_threads=self._num_threads,
            )
            self._under_way.append(slot)
            ahead.append(chunk)
