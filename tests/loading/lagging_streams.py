"""CUDA streams made up on the host: what is queued is done at once, or as late as can be."""

from collections import deque
from contextlib import contextmanager

import torch

_copy = torch.Tensor.copy_


class Event:
    """A place in the queue of a stream."""

    def __init__(self, stream):
        self.stream, self.place = stream, stream.num_queued

    def synchronize(self):
        self.stream.finish(self.place)


class Stream:
    """Does what it is given in order: at once where it can, or, late, when someone waits for it."""

    def __init__(self, *, is_late):
        self.is_late, self.num_queued, self.num_done = is_late, 0, 0
        self._queue = deque()

    def queue(self, work):
        self._queue.append(work)
        self.num_queued += 1
        if not self.is_late:
            self.finish(self.num_queued)

    def finish(self, place):
        """Do what was queued before a place."""
        while self.num_done < place:
            self._queue.popleft()()
            self.num_done += 1

    def wait_event(self, event):
        self.queue(event.synchronize)

    def record_event(self):
        return Event(self)

    def synchronize(self):
        self.finish(self.num_queued)


class Device:
    """Two streams, of which one is late, in place of torch's.

    Attributes:
        user: the current stream, of what uses copies.
        copier: that of copies.
    """

    def __init__(self, monkeypatch, late):
        self.user, self.copier = (Stream(is_late=late == name) for name in ("user", "copier"))
        self._current = self.user
        monkeypatch.setattr(torch.cuda, "current_stream", lambda device=None: self._current)
        monkeypatch.setattr(torch.cuda, "stream", self._on)
        monkeypatch.setattr(torch.Tensor, "copy_", self._copying())
        monkeypatch.setattr(torch.Tensor, "record_stream", lambda tensor, stream: None)

    def synchronize(self):
        for stream in (self.copier, self.user):
            stream.synchronize()

    @contextmanager
    def _on(self, stream):
        before, self._current = self._current, stream
        yield
        self._current = before

    def _copying(self):
        def copy_(target, source, non_blocking=False):
            self._current.queue(lambda: _copy(target, source))
            return target

        return copy_
