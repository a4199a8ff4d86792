"""Copies from page-locked host memory to a device, beside what the device computes."""

from collections.abc import Iterable
from typing import Protocol

import torch
from torch import Tensor


class Event(Protocol):
    """A point in the work of a device."""

    def query(self) -> bool:
        """Whether it was passed; a point that was never set was."""

    def synchronize(self) -> None:
        """Wait until it is passed."""


class Transport(Protocol):
    """Memory on both sides, and copies that nobody waits for."""

    def host_memory(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Return memory that the device can copy from by itself."""

    def device_memory(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Return memory of the device."""

    def copy(self, pairs: Iterable[tuple[Tensor, Tensor]], after: Event) -> Event:
        """Copy from the first of each pair to the second, after a point; return where it ends."""

    def await_on_device(self, event: Event) -> None:
        """Let what is launched from now on come after a point. Waits for nothing."""

    def mark(self) -> Event:
        """Return the point after what was launched so far."""


class CudaTransport:
    """Copies on a stream of its own; what is computed is on torch's current stream.

    Args:
        device: a CUDA device.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch's

    def host_memory(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Return page-locked memory."""
        return torch.empty(shape, dtype=dtype, pin_memory=True)

    def device_memory(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Return memory that torch's allocator knows to be written by this stream."""
        tensor = torch.empty(shape, dtype=dtype, device=self._device)
        tensor.record_stream(self._stream)
        return tensor

    def copy(self, pairs: Iterable[tuple[Tensor, Tensor]], after: Event) -> Event:
        """Copy from the first of each pair to the second, after a point; return where it ends."""
        assert isinstance(after, torch.cuda.Event), "an event of this transport"
        self._stream.wait_event(after)
        with torch.cuda.stream(self._stream):
            for host, device in pairs:
                device.copy_(host, non_blocking=True)
        return _point_of(self._stream)

    def await_on_device(self, event: Event) -> None:
        """Let the current stream go on after a point."""
        assert isinstance(event, torch.cuda.Event), "an event of this transport"
        torch.cuda.current_stream(self._device).wait_event(event)

    def mark(self) -> Event:
        """Return the point after what the current stream was given so far."""
        return _point_of(torch.cuda.current_stream(self._device))


def _point_of(stream: torch.cuda.Stream) -> Event:
    event = torch.cuda.Event()  # type: ignore[no-untyped-call]  # torch's
    event.record(stream)
    return event
