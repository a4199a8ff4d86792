"""Micro-batches of arrays larger than a device's memory: streamed to it, and made there."""

from collections import deque
from collections.abc import Iterable
from contextlib import closing

import torch

from bsgrow.errors import InputError
from bsgrow.loading.chunks import Part, chunks_of_one_size
from bsgrow.loading.kernel import Kernel, launch
from bsgrow.loading.lookahead import Begun, look_ahead
from bsgrow.loading.settings import BatchSpec
from bsgrow.loading.side_stream import Point, SideStream, Tensors, on_one_stream
from bsgrow.loading.staging import Batches, Fill
from bsgrow.native import Task, gather_async
from bsgrow.stream import Cut

NUM_SLOTS = 4  # one in use, one on its way, two that are gathered


def streamed_fill(
    spec: BatchSpec,
    chunk_bytes: int = 64 << 20,
    kernel: Kernel = launch,
    side: SideStream | None = None,
) -> Fill:
    """Return what makes micro-batches on a device, of samples that are sent there.

    Native threads gather samples as uint8 into page-locked memory, chunk by chunk, ahead of their
    use; the device copies chunks beside its work and makes micro-batches of them, on the stream
    that is the current one for the first; another that asks for one waits. Memory on both sides is
    ``chunk_bytes`` times four, whatever the batch, and as much again while an evaluation goes on.

    Args:
        spec: what is wanted.
        chunk_bytes: of images that are copied at once.
        kernel: what makes a micro-batch.
        side: what copies; None for a stream of the device.

    Raises:
        InputError: chunk_bytes is below 1.
    """
    if chunk_bytes < 1:
        raise InputError(
            f"chunk_bytes = {chunk_bytes}: expected a number of bytes, 1 or more",
            hint="64 MiB suits every link between host and device",
        )
    device = spec.settings.device
    size = min(max(1, chunk_bytes // spec.split.images[0].nbytes), len(spec.split))
    copies = SideStream(device) if side is None else side

    def fill(cuts: Iterable[Cut]) -> Batches:
        """Make them on the current stream, which must stay the same.

        Copies are started by whoever asks for micro-batches, so that there is no thread to stop.
        """
        free = deque(_Slot(spec, size, copies) for _ in range(NUM_SLOTS))
        ahead: deque[_Slot] = deque()

        def begin(parts: list[Part]) -> Begun[_Slot]:
            ahead.append(free.popleft())
            return ahead[-1].begin(parts)

        def has_room(_: int) -> bool:
            return bool(free) and free[0].is_idle

        batch: Tensors | None = None
        with closing(look_ahead(chunks_of_one_size(cuts, size), begin, has_room)) as arrived:
            for slot in arrived:
                ahead.popleft()
                _start_copies(ahead)
                for part in slot.parts:
                    batch = batch or spec.layout.empty(part.cut.num_samples, device)
                    _make_part(spec, kernel, slot, part, batch)
                    _start_copies(ahead)
                    if part.stop == part.cut.stop:
                        yield part.cut, batch
                        batch = None
                slot.end_use()
                free.append(slot)

    if device.type != "cuda":
        return fill
    return lambda cuts: on_one_stream(fill(cuts), device)


class _Slot:
    """Memory of one chunk, on the host and on the device, and how far its chunk has come.

    Attributes:
        parts: of micro-batches, which are the chunk.
        images: uint8 [n, C, H, W], on the device.
        labels: int64 [n], on the device.
    """

    def __init__(self, spec: BatchSpec, num_samples: int, side: SideStream) -> None:
        shapes = (
            ((num_samples, *spec.layout.image_shape), torch.uint8),
            ((num_samples,), torch.int64),
        )
        self._spec, self._side = spec, side
        self._host = [side.host_memory(*shape) for shape in shapes]
        self.images, self.labels = (side.device_memory(*shape) for shape in shapes)
        self.parts: list[Part] = []
        self._task: Task | None = None
        self._copied: Point = None
        # Memory that an allocator gives out in the order of a stream may be in use there until now.
        self._used = side.mark()

    @property
    def is_idle(self) -> bool:
        """Whether the host's memory may be written again."""
        return self._copied is None or bool(self._copied.query())  # type: ignore[no-untyped-call]

    def begin(self, parts: list[Part]) -> "Begun[_Slot]":
        """Begin to gather a chunk; waits for the last copy if it is not over."""
        if self._copied is not None:
            self._copied.synchronize()
        self.parts, self._copied = parts, None
        start, stop = parts[0].start, parts[-1].stop
        images, labels = (memory[: stop - start].numpy() for memory in self._host)
        self._task = gather_async(
            self._spec.split.images,
            self._spec.split.labels,
            start=start,
            stop=stop,
            out_images=images,
            out_labels=labels,
            num_threads=self._spec.settings.num_threads,
            **self._spec.order,
        )
        return Begun(self._arrive, self._task.cancel)

    def copy_if_gathered(self) -> bool:
        """Start the copy once all is gathered; return whether it was started, now or before."""
        if self._task is not None and self._task.done():
            self._copy()
        return self._task is None

    def end_use(self) -> None:
        """Let the next copy come after what was launched so far."""
        self._used = self._side.mark()

    def _copy(self) -> None:
        """Start the copy, after gathering what is not yet."""
        if self._task is None:
            return
        self._task.wait()
        self._task = None
        num = self.parts[-1].stop - self.parts[0].start
        pairs = zip(self._host, (self.images, self.labels), strict=True)
        self._copied = self._side.copy([(h[:num], d[:num]) for h, d in pairs], self._used)

    def _arrive(self) -> "_Slot":
        """Let what is launched from now on find the chunk on the device."""
        self._copy()
        self._side.wait_for(self._copied)
        return self


def _start_copies(slots: Iterable[_Slot]) -> None:
    """Start the copies whose chunks are gathered, in order. Waits for nothing."""
    for slot in slots:
        if not slot.copy_if_gathered():
            return


def _make_part(spec: BatchSpec, kernel: Kernel, slot: _Slot, part: Part, batch: Tensors) -> None:
    """Make the part of a micro-batch that lies in a chunk, where it belongs."""
    first = slot.parts[0].start
    staged = slice(part.start - first, part.stop - first)
    kernel(
        slot.images[staged],
        slot.labels[staged],
        start=part.start,
        stop=part.stop,
        out_images=batch[0][part.rows],
        out_labels=batch[1][part.rows],
        num_samples=len(spec.split),
        **spec.arguments,
    )
