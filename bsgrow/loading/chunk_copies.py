"""Writes decoded chunks into micro-batches: at once on the host, beside the computing on a GPU."""

from typing import Any

import torch
from torch import Tensor

from bsgrow.loading.copy_sources import MAX_SOURCES, CopySources


class ChunkCopies:
    """Copies chunks to where micro-batches are put together.

    On a CUDA device the copies run on a stream of their own. The first one into a micro-batch waits
    for what was queued when its memory was taken, and none for what was queued since: micro-batches
    are put together while those before them compute. The consumer's stream waits for each copy.
    What is copied from is held until its copy is done, by the host's clock: whoever owns that
    memory may then give it on in the order of any stream. The host waits while more than
    ``MAX_SOURCES`` are being read.

    Args:
        device: of the micro-batches.

    Attributes:
        stream: on which sources are to be ready; None on the host.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.stream: torch.cuda.Stream | None = None
        if device.type == "cuda":
            self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch's
        self._sources = CopySources()
        self._taken: dict[int, torch.cuda.Event] = {}  # by address, until the first copy

    def begin_batch(self, images: Tensor) -> None:
        """Note that memory was taken: what is queued by now may still use it.

        Args:
            images: the micro-batch, all of what was taken for it.
        """
        if self.stream is not None:
            taken = torch.cuda.current_stream(self._device).record_event()
            self._taken[_address(images)] = taken

    def copy(self, source: Tensor, out: Tensor, owner: Any = None) -> None:
        """Copy, cast, ``source`` to ``out``; call it on the stream that will use ``out``.

        Args:
            source: in pinned memory, or written on ``stream``.
            out: a part of a micro-batch.
            owner: of the source's memory; held with it until the copy is done.
        """
        if self.stream is None:
            out.copy_(source)
            return
        taken = self._taken.pop(_address(out), None)
        if taken is not None:
            self.stream.wait_event(taken)
        with torch.cuda.stream(self.stream):
            out.copy_(source, non_blocking=True)
            done = self.stream.record_event()
        torch.cuda.current_stream(self._device).wait_event(done)
        self._sources.hold((source, owner), done)
        self._sources.release(MAX_SOURCES)


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
