"""Streams of a device that only write down what is asked of them, with the CPU in its place."""

import contextlib
import itertools

import torch

from bsgrow.loading.side_stream import SideStream

CPU = torch.device("cpu")


class Event:
    def __init__(self, log, number, what="copy"):
        self.log, self.number, self.what = log, number, what

    def synchronize(self):
        self.log.append((f"host waits for {self.what}", self.number))


class Stream:
    """Writes down what is asked of it; events are numbered.

    Attributes:
        what: its events are of: a copy, or the use of what is on a device.
    """

    def __init__(self, name, log, what="copy"):
        self.name, self.log, self.what, self.numbers = name, log, what, itertools.count()

    def wait_event(self, event):
        self.log.append((f"{self.name} waits for {event.what}", event.number))

    def record_event(self):
        event = Event(self.log, next(self.numbers), self.what)
        self.log.append(("copied" if self.what == "copy" else self.what, event.number))
        return event


def log_streams(monkeypatch):
    """Have the current stream write a log, which is returned."""
    log = []
    consumer = Stream("consumer", log, what="use")
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: consumer)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(torch.Tensor, "record_stream", lambda tensor, stream: None)
    return log


def logged_side_stream(log):
    side = SideStream(CPU)
    side.cuda_stream = Stream("copier", log)
    return side


def numbers_of(what, log):
    return [number for each, number in log if each == what]
