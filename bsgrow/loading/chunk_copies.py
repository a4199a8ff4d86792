"""Writes decoded chunks into micro-batches: at once on the host, beside the computing on a GPU."""

from typing import Any

import torch
from torch import Tensor

from bsgrow.loading.copy_sources import MAX_SOURCES, CopySources


class ChunkCopies:
    """Copies chunks to where micro-batches are put together.

    On a CUDA device the copies run on a stream of their own. They wait for what was queued when
    the memory of their micro-batch was taken, and not for the micro-batches queued since: a large
    one is put together while the one before it computes. The consumer's stream waits for each
    copy. What is copied from is held until its copy is done, by the host's clock: whoever owns that
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

    def begin_batch(self) -> None:
        """Begin no copy before what is queued is done: it may still use the memory just taken."""
        if self.stream is not None:
            self.stream.wait_stream(torch.cuda.current_stream(self._device))

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
        with torch.cuda.stream(self.stream):
            out.copy_(source, non_blocking=True)
            done = self.stream.record_event()
        torch.cuda.current_stream(self._device).wait_event(done)
        self._sources.hold((source, owner), done)
        self._sources.release(MAX_SOURCES)
