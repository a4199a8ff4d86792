"""Copies to a device: their order on made-up streams, and the same bits on a real one."""

import contextlib

import numpy as np
import pytest
import torch

from bsgrow.loading import ring, staging
from bsgrow.loading.copy_sources import MAX_SOURCES
from bsgrow.loading.device_copy import DeviceCopies
from bsgrow.loading.layout import BatchLayout
from bsgrow.loading.staging import Staging
from bsgrow.stream import Share
from tests.loading.logged_streams import Event, Stream

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)
LAYOUT = BatchLayout((3, 4, 4), torch.bfloat16, torch.channels_last)
MICRO = 8


@pytest.fixture
def log(monkeypatch):
    """Streams that only write a log, and the CPU in place of the device."""
    log = []
    consumer = Stream("consumer", log)
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: Stream("copier", log))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: consumer)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(torch.Tensor, "record_stream", lambda tensor, stream: None)
    monkeypatch.setattr(staging, "DeviceCopies", lambda device: DeviceCopies(CPU))
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


def slices(num):
    return list(Share().micro_batches(0, num * MICRO, MICRO))


def test_memory_is_not_written_before_the_consumer_let_go_of_it(log):
    copies = DeviceCopies(CPU)
    source = torch.arange(5)
    (target,) = copies.begin((source,)).result()
    assert log == [("copier waits for", "consumer"), ("copied", 0), ("consumer waits for copy", 0)]
    assert torch.equal(target, source)
    assert target.data_ptr() != source.data_ptr()


def test_a_copy_that_is_not_wanted_is_waited_for_by_the_consumer(log):
    DeviceCopies(CPU).begin((torch.arange(5),)).cancel()
    assert log[-1] == ("consumer waits for copy", 0)


def test_sources_are_held_while_they_are_read(log):
    copies = DeviceCopies(CPU)
    for index in range(5):
        copies.begin((torch.arange(index),))
        assert len(copies._sources) == min(index + 1, MAX_SOURCES)
    waited = [number for what, number in log if what == "host waits for copy"]
    assert waited == list(range(5 - MAX_SOURCES))
    copies.finish()
    assert not copies._sources
    assert log[-1] == ("host waits for copy", 4)


@pytest.mark.parametrize("prefetch_bytes", [0, 1, 1 << 20])
def test_every_micro_batch_arrives_in_order(log, prefetch_bytes):
    batches = Staging(LAYOUT, MICRO, CUDA, prefetch_bytes).batches(slices(50), fill)
    for index, (piece, (images, labels)) in enumerate(batches):
        assert piece.start == index * MICRO
        assert labels.tolist() == list(range(piece.start, piece.stop))
        assert images[:, 0, 0, 0].tolist() == [number % 256 for number in labels.tolist()]
        assert images.is_contiguous(memory_format=torch.channels_last)


def test_each_is_copied_while_the_one_before_is_used(log):
    batches = Staging(LAYOUT, MICRO, CUDA, 1).batches(slices(9), fill)
    for index, _ in enumerate(batches):
        copied = [number for what, number in log if what == "copied"]
        assert copied == list(range(min(index + 2, 9)))
        assert log[-1] == ("consumer waits for copy", index)
    assert [number for what, number in log if what == "host waits for copy"] == list(range(9))


def test_in_step_nothing_is_copied_ahead(log):
    batches = Staging(LAYOUT, MICRO, CUDA, 0).batches(slices(9), fill)
    next(batches)
    assert [number for what, number in log if what == "copied"] == [0]


def test_host_memory_is_a_ring_and_copies_leave_room_to_fill(log, num_allocated):
    begun = []

    def counting_fill(start, stop, images, labels):
        begun.append(start)
        return fill(start, stop, images, labels)

    batches = Staging(LAYOUT, MICRO, CUDA, 1).batches(slices(100), counting_fill)
    kept = []
    for index, batch in enumerate(batches):
        kept.append(batch)  # device memory: it is not the ring's
        assert len(begun) > min(index + 2, 99)
    assert num_allocated() == 2 + MAX_SOURCES


def test_what_is_read_is_held_where_waiting_for_it_is_interrupted(log, monkeypatch):
    copies = DeviceCopies(CPU)
    copies.begin((torch.arange(3),))
    with monkeypatch.context() as interrupted:
        interrupted.setattr(Event, "synchronize", interrupt)
        with pytest.raises(KeyboardInterrupt):
            copies.finish()
    assert len(copies._sources) == 1
    copies.finish()
    assert log[-1] == ("host waits for copy", 0)


def interrupt(event):
    raise KeyboardInterrupt


def test_closing_waits_for_the_copies(log):
    batches = Staging(LAYOUT, MICRO, CUDA, 1).batches(slices(9), fill)
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
