"""Streams that only write down what is asked of them."""

import itertools


class Event:
    def __init__(self, log, number):
        self.log, self.number = log, number

    def synchronize(self):
        self.log.append(("host waits for copy", self.number))


class Stream:
    """Writes down what is asked of it; events are numbered."""

    def __init__(self, name, log):
        self.name, self.log, self.numbers = name, log, itertools.count()

    def wait_stream(self, other):
        self.log.append((f"{self.name} waits for", other.name))

    def wait_event(self, event):
        self.log.append((f"{self.name} waits for copy", event.number))

    def record_event(self):
        event = Event(self.log, next(self.numbers))
        self.log.append(("copied", event.number))
        return event
