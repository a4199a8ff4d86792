"""Copies micro-batches to a CUDA device beside its computing, without waiting for either."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bsgrow.loading.copy_sources import MAX_SOURCES, CopySources

Tensors = tuple[Tensor, ...]


@dataclass(frozen=True)
class Copy:
    """A copy under way.

    Attributes:
        targets: on the device.
        done: happens when they are written.
    """

    targets: Tensors
    done: torch.cuda.Event

    def result(self) -> Tensors:
        """Return the tensors; the device, not the host, waits until they are written."""
        self.cancel()
        return self.targets

    def cancel(self) -> None:
        """Have the consumer's stream wait: memory is not given on while it is written."""
        stream = torch.cuda.current_stream(self.targets[0].device)
        stream.wait_event(self.done)
        for target in self.targets:
            target.record_stream(stream)  # for when it is not the one that they were made on


class DeviceCopies:
    """Copies from pinned memory on a stream of their own.

    The targets come from torch's allocator in the order of the consumer's stream, so that memory
    let go there is taken again: what is live is what the consumer holds and what is copied ahead,
    however far the host is ahead of the device. Sources are held until their copy is done; the
    host waits only to begin a copy while ``MAX_SOURCES`` are still being read, when the device
    has that many micro-batches before it.

    Args:
        device: the CUDA device.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch leaves it so
        self._sources = CopySources()

    def begin(self, sources: Tensors) -> Copy:
        """Begin to copy host tensors; call it on the stream that will use them."""
        self._sources.release(MAX_SOURCES - 1)
        consumer = torch.cuda.current_stream(self._device)
        targets = tuple(torch.empty_like(source, device=self._device) for source in sources)
        self._stream.wait_stream(consumer)  # until there, the targets' memory is of someone else
        with torch.cuda.stream(self._stream):
            for target, source in zip(targets, sources, strict=True):
                target.copy_(source, non_blocking=True)
            done = self._stream.record_event()
        self._sources.hold(sources, done)
        return Copy(targets, done)

    def finish(self) -> None:
        """Wait until no source is being read."""
        self._sources.release(0)
