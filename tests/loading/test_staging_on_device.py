"""Micro-batches on their way to a device: their order on made-up streams, bits on a real one."""

import numpy as np
import pytest
import torch

from bsgrow.loading import ring, staging
from bsgrow.loading.layout import BatchLayout
from bsgrow.loading.side_stream import MAX_SOURCES
from bsgrow.loading.staging import Staging
from bsgrow.stream import Share
from tests.loading.logged_streams import log_streams, logged_side_stream, numbers_of

CUDA = torch.device("cuda", 0)
LAYOUT = BatchLayout((3, 4, 4), torch.bfloat16, torch.channels_last)
MICRO = 8


@pytest.fixture
def log(monkeypatch):
    """Streams that only write a log, and the CPU in place of the device."""
    log = log_streams(monkeypatch)
    monkeypatch.setattr(staging, "SideStream", lambda device: logged_side_stream(log))
    monkeypatch.setattr(ring, "_pinned_memory", lambda size: ring._aligned_memory(size))
    return log


class Filled:
    """Work that was done at once."""

    def wait(self):
        pass

    def done(self):
        return True

    def cancel(self):
        pass


def fill(start, stop, images, labels):
    images, labels = LAYOUT.tensors(images, labels)
    images.copy_(torch.arange(start, stop)[:, None, None, None].expand(images.shape) % 256)
    labels.copy_(torch.arange(start, stop))
    return Filled()


def cuts(num):
    return list(Share().micro_batches(0, num * MICRO, MICRO))


@pytest.mark.parametrize("prefetch_bytes", [0, 1, 1 << 20])
def test_every_micro_batch_arrives_in_order(log, prefetch_bytes):
    batches = Staging(LAYOUT, MICRO, CUDA, prefetch_bytes).batches(cuts(50), fill)
    for index, (piece, (images, labels)) in enumerate(batches):
        assert piece.start == index * MICRO
        assert labels.tolist() == list(range(piece.start, piece.stop))
        assert images[:, 0, 0, 0].tolist() == [number % 256 for number in labels.tolist()]
        assert images.is_contiguous(memory_format=torch.channels_last)


def test_each_is_copied_while_the_one_before_is_used(log):
    batches = Staging(LAYOUT, MICRO, CUDA, 1).batches(cuts(9), fill)
    for index, _ in enumerate(batches):
        copied = numbers_of("copied", log)
        assert copied == list(range(min(index + 2, 9)))
        assert log[-1] == ("consumer waits for copy", index)
    assert numbers_of("host waits for copy", log) == list(range(9))


def test_in_step_nothing_is_copied_ahead(log):
    batches = Staging(LAYOUT, MICRO, CUDA, 0).batches(cuts(9), fill)
    next(batches)
    assert numbers_of("copied", log) == [0]


def test_host_memory_is_a_ring_and_copies_leave_room_to_fill(log, num_allocated):
    begun = []

    def counting_fill(start, stop, images, labels):
        begun.append(start)
        return fill(start, stop, images, labels)

    batches = Staging(LAYOUT, MICRO, CUDA, 1).batches(cuts(100), counting_fill)
    kept = []
    for index, batch in enumerate(batches):
        kept.append(batch)  # device memory: it is not the ring's
        assert len(begun) > min(index + 2, 99)
    assert num_allocated() == 2 + MAX_SOURCES


def test_closing_waits_for_the_copies(log):
    batches = Staging(LAYOUT, MICRO, CUDA, 1).batches(cuts(9), fill)
    next(batches)
    batches.close()
    assert log[-3:] == [
        ("consumer waits for copy", 1),
        ("host waits for copy", 0),
        ("host waits for copy", 1),
    ]


def needs_cuda(test):
    reason = "needs a CUDA device"
    return pytest.mark.cuda(pytest.mark.skipif(not torch.cuda.is_available(), reason=reason)(test))


def cuda_batches(num, prefetch_bytes=1, micro_batch_size=4096):
    layout = BatchLayout((3, 32, 32), torch.bfloat16, torch.channels_last)
    pieces = Share().micro_batches(0, num * micro_batch_size, micro_batch_size)
    return Staging(layout, micro_batch_size, CUDA, prefetch_bytes).batches(pieces, fill)


@needs_cuda
@pytest.mark.parametrize("prefetch_bytes", [0, 1, 1 << 28])
@pytest.mark.parametrize("work", [0, 200])
def test_a_busy_device_reads_what_was_filled(prefetch_bytes, work):
    matrix = torch.rand(1024, 1024, device=CUDA)
    sums = []
    for _, (images, labels) in cuda_batches(30, prefetch_bytes):
        for _ in range(work):
            matrix = torch.tanh(matrix @ matrix)  # keeps the device behind the host
        sums.append(torch.stack([images.double().sum(), labels.double().sum()]))
        del images, labels
    positions = np.arange(30 * 4096).reshape(30, -1)
    expected = [((each % 256).sum() * 3 * 32 * 32, each.sum()) for each in positions]
    assert torch.stack(sums).tolist() == [[float(a), float(b)] for a, b in expected]


@needs_cuda
def test_device_memory_does_not_grow_with_the_length():
    peaks = []
    for num in (10, 200):
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        for _, (images, _) in cuda_batches(num):
            images.float().mean()
        peaks.append(torch.cuda.max_memory_allocated())
    assert peaks[1] == peaks[0]


@needs_cuda
def test_what_is_left_early_is_not_written_to():
    for _ in range(20):
        batches = cuda_batches(10, 1 << 28)
        next(batches)
        batches.close()
        fresh = torch.zeros(4096 * 3 * 32 * 32, dtype=torch.bfloat16, device=CUDA)
        assert fresh.count_nonzero() == 0
