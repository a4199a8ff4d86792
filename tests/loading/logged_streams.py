"""Streams that only write down what is asked of them."""

import itertools


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

    def wait_stream(self, other):
        self.log.append((f"{self.name} waits for", other.name))

    def wait_event(self, event):
        self.log.append((f"{self.name} waits for {event.what}", event.number))

    def record_event(self):
        event = Event(self.log, next(self.numbers), self.what)
        self.log.append(("copied" if self.what == "copy" else self.what, event.number))
        return event
