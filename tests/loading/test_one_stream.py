"""Batches made on the stream of the first, on streams that only write down what they are asked."""

from contextlib import contextmanager

import pytest
import torch

from bsgrow.loading.side_stream import on_one_stream

DEVICE = torch.device("cuda", 0)


class Stream:
    def __init__(self, name):
        self.name = name
        self.waited_for = []

    def wait_stream(self, other):
        self.waited_for.append(other.name)


class Memory:
    def __init__(self):
        self.streams = []

    def record_stream(self, stream):
        self.streams.append(stream.name)


class Device:
    """Which stream is the current one."""

    def __init__(self):
        self.current = None

    def current_stream(self, device):
        assert device == DEVICE
        return self.current

    @contextmanager
    def stream(self, stream):
        self.current, before = stream, self.current
        yield
        self.current = before


@pytest.fixture
def device(monkeypatch):
    device = Device()
    monkeypatch.setattr(torch.cuda, "current_stream", device.current_stream)
    monkeypatch.setattr(torch.cuda, "stream", device.stream)
    return device


def test_batches_are_made_on_the_first_stream_and_waited_for_by_others(device):
    made_on, closed = [], []

    def make():
        try:
            for key in range(3):
                made_on.append(device.current.name)
                yield key, (Memory(), Memory())
        finally:
            closed.append(True)

    first, other = Stream("first"), Stream("other")
    batches = on_one_stream(make(), DEVICE)
    recorded = []
    for user in (first, other, first):
        device.current = user
        _, batch = next(batches)
        assert device.current is user
        recorded.append([memory.streams for memory in batch])
    assert made_on == ["first"] * 3
    assert recorded == [[[], []], [["other"], ["other"]], [[], []]]
    assert (first.waited_for, other.waited_for) == ([], ["first"])
    assert next(batches, None) is None
    assert closed


def test_leaving_early_closes_what_makes_them(device):
    device.current = Stream("first")
    making = ((key, (Memory(), Memory())) for key in range(3))
    batches = on_one_stream(making, DEVICE)
    next(batches)
    batches.close()
    assert next(making, None) is None
