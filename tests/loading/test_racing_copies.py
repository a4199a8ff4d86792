"""Each wait between copies and what uses them is needed: without it, other numbers are read.

On a device that has one of the two streams asleep, and on made-up streams of the host.
"""

import pytest
import torch

from bsgrow.loading.side_stream import SideStream
from tests.loading.lagging_streams import Device, Stream

NUM = 1 << 16
CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)
CYCLES = 200_000_000  # of a sleeping stream: about 100 ms


class MadeUp:
    """The host's memory, and streams that are made up."""

    def __init__(self, monkeypatch, late):
        self.streams, self.device = Device(monkeypatch, late), CPU
        self.side = SideStream(CPU)
        self.side.cuda_stream = self.streams.copier
        self.kind_of_stream = Stream

    def source(self, value):
        return torch.full((NUM,), value)

    def sleep(self):
        """Be late, as one of the streams is anyway."""

    def synchronize(self):
        self.streams.synchronize()


class Real:
    """A CUDA device, one of whose streams sleeps before what it does."""

    def __init__(self, monkeypatch, late):
        self.device, self.side = CUDA, SideStream(CUDA)
        self.kind_of_stream = torch.cuda.Stream
        user = torch.cuda.current_stream(CUDA)
        self._late = self.side.cuda_stream if late == "copier" else user

    def source(self, value):
        return self.side.host_memory((NUM,), torch.float32).fill_(value)

    def sleep(self):
        with torch.cuda.stream(self._late):
            torch.cuda._sleep(CYCLES)

    def synchronize(self):
        torch.cuda.synchronize()


needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
DEVICES = [MadeUp, pytest.param(Real, marks=[pytest.mark.cuda, needs_cuda])]
on_each_device = pytest.mark.parametrize("kind", DEVICES, ids=lambda kind: kind.__name__)


def without_waits_of(monkeypatch, kind_of_stream, is_deaf):
    wait = kind_of_stream.wait_event

    def wait_event(stream, event):
        if not is_deaf(stream):
            wait(stream, event)

    monkeypatch.setattr(kind_of_stream, "wait_event", wait_event)


def filled_and_read(device):
    """What is read of memory that is filled twice, each time behind what used it before.

    All else is there before a stream falls asleep: page-locking memory would wait for it.
    """
    memory, *read = (torch.zeros(NUM, device=device.device) for _ in range(3))
    sources = [device.source(value) for value in (1.0, 2.0)]
    device.synchronize()
    for source, into in zip(sources, read, strict=True):
        device.side.take(memory)
        device.sleep()
        device.side.fill(source, memory)
        device.sleep()
        into.copy_(memory)
    device.synchronize()
    return [each.mean().item() for each in read]


def sent_and_read(device):
    """What is read of a copy that has just been begun."""
    read, sources = torch.zeros(NUM, device=device.device), (device.source(3.0), device.source(4.0))
    device.synchronize()
    device.sleep()
    sent, _ = device.side.send(sources)()
    read.copy_(sent)
    device.synchronize()
    return read.mean().item()


@on_each_device
@pytest.mark.parametrize("late", ["user", "copier"])
def test_whichever_stream_is_late_each_use_reads_its_own(monkeypatch, kind, late):
    device = kind(monkeypatch, late)
    assert filled_and_read(device) == [1.0, 2.0]
    assert sent_and_read(device) == 3.0


@on_each_device
@pytest.mark.parametrize("deaf", ["user", "copier"])
def test_a_wait_that_is_left_out_is_seen(monkeypatch, kind, deaf):
    """The user reads before it is filled; or it is filled before the one before has read."""
    device = kind(monkeypatch, late="copier" if deaf == "user" else "user")
    assert filled_and_read(device) == [1.0, 2.0], "and loads what takes its time at first"
    copier = device.side.cuda_stream
    without_waits_of(
        monkeypatch, device.kind_of_stream, lambda stream: (stream == copier) == (deaf == "copier")
    )
    assert filled_and_read(device) == ([0.0, 0.0] if deaf == "user" else [2.0, 2.0])
    assert (sent_and_read(device) == 3.0) == (deaf == "copier")
