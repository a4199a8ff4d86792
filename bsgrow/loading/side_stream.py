"""Copies to a CUDA device beside what it computes, without waiting for either."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import TypeVar

import torch
from torch import Tensor

MAX_SOURCES = 2  # that copies may be reading from

Tensors = tuple[Tensor, Tensor]
"""Images and labels."""

Key = TypeVar("Key")


class SideStream:
    """A CUDA stream that copies; what uses its copies is on torch's current stream.

    What is copied from is held until its copy is done by the host's clock: that memory may then be
    given on in the order of any stream. For the host there is no stream: a copy is done at once.

    Args:
        device: to which copies go.

    Attributes:
        cuda_stream: on which sources on the device are to be ready; None on the host.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.cuda_stream: torch.cuda.Stream | None = None
        if device.type == "cuda":
            self.cuda_stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch's
        self._held: deque[tuple[torch.cuda.Event, object]] = deque()
        self._taken: dict[int, torch.cuda.Event] = {}  # by address, until the first copy

    @property
    def num_held(self) -> int:
        """Sources that copies may be reading from."""
        return len(self._held)

    def host_memory(
        self,
        shape: tuple[int, ...],
        dtype: torch.dtype,
        memory_format: torch.memory_format = torch.contiguous_format,
    ) -> Tensor:
        """Return memory to copy from: page-locked, so that a device does it by itself."""
        on_device = self.cuda_stream is not None
        return torch.empty(shape, dtype=dtype, memory_format=memory_format, pin_memory=on_device)

    def send(self, sources: Tensors) -> Callable[[], Tensors]:
        """Begin to copy pinned tensors to a CUDA device; call it on the stream that will use them.

        The targets come from torch's allocator in the order of that stream, so that memory let go
        there is taken again: what is live is what the consumer holds and what is copied ahead,
        however far the host is ahead of the device. The host waits only while ``MAX_SOURCES`` are
        being read, when the device has that many before it.

        Returns:
            What has the then current stream, not the host, wait for the copies, and returns them.
            Call it also where they are not wanted: memory is not given on while it is written.
        """
        self.release(MAX_SOURCES - 1)
        images, labels = (torch.empty_like(source, device=self._device) for source in sources)
        targets = images, labels
        taken = self._current().record_event()  # until there, that memory is of someone else
        done = self._copy(zip(sources, targets, strict=True), taken, sources)

        def arrive() -> Tensors:
            user = self._current()
            user.wait_event(done)
            return _used_on(user, targets)

        return arrive

    def take(self, memory: Tensor) -> None:
        """Note that memory was taken for a micro-batch: what is queued by now may still use it."""
        if self.cuda_stream is not None:
            self._taken[_address(memory)] = self._current().record_event()

    def fill(self, source: Tensor, out: Tensor, owner: object = None) -> None:
        """Copy, cast, to a part of memory that was taken; the current stream waits for it.

        The first copy waits for what was queued when the memory was taken, and none for what was
        queued since: micro-batches are put together while those before them compute. The host
        waits while more than ``MAX_SOURCES`` are being read.

        Args:
            source: in pinned memory, or written on ``cuda_stream``.
            out: a part of the memory.
            owner: of the source's memory.
        """
        if self.cuda_stream is None:
            out.copy_(source)
            return
        taken = self._taken.pop(_address(out), None)
        done = self._copy([(source, out)], taken, (source, owner))
        self._current().wait_event(done)
        self.release(MAX_SOURCES)

    def release(self, num_kept: int) -> None:
        """Wait for the oldest copies and let go of what they read, until so many are left."""
        while self.num_held > num_kept:
            self._held[0][0].synchronize()
            self._held.popleft()  # not before: an interrupt leaves what is still being read

    def _copy(
        self,
        pairs: Iterable[tuple[Tensor, Tensor]],
        after: torch.cuda.Event | None,
        owner: object,
    ) -> torch.cuda.Event:
        """Copy from the first of each pair to the second; returns what happens when it is done."""
        assert self.cuda_stream is not None, "a copy to a device"
        if after is not None:
            self.cuda_stream.wait_event(after)
        with torch.cuda.stream(self.cuda_stream):
            for source, target in pairs:
                target.copy_(source, non_blocking=True)
            done: torch.cuda.Event = self.cuda_stream.record_event()
        self._held.append((done, owner))
        return done

    def _current(self) -> torch.cuda.Stream:
        return torch.cuda.current_stream(self._device)


def on_one_stream(
    batches: Generator[tuple[Key, Tensors], None, None], device: torch.device
) -> Generator[tuple[Key, Tensors], None, None]:
    """Yield batches, each made on the CUDA stream that was the current one for the first.

    What makes them orders its work on the current stream; whoever asks for one on another finds
    it there in time, since that stream waits for it.

    Args:
        batches: makes them, with a key each.
        device: a CUDA device.
    """
    maker = torch.cuda.current_stream(device)
    with closing(batches):
        while True:
            with torch.cuda.stream(maker):
                made = next(batches, None)
            if made is None:
                return
            user = torch.cuda.current_stream(device)
            if user != maker:
                user.wait_stream(maker)
                _used_on(user, made[1])
            yield made


def _used_on(cuda_stream: torch.cuda.Stream, tensors: Tensors) -> Tensors:
    """Have no memory of them given on before a stream, which did not make it, is done with it."""
    for tensor in tensors:
        tensor.record_stream(cuda_stream)
    return tensors


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
