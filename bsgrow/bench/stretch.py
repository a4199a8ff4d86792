"""A timed stretch of training: begins where an update does, ends when it was long enough."""

import time
from itertools import pairwise

import torch

from bsgrow.bench.measure import Round, synchronise
from bsgrow.training.device_clock import Mark, mark, seconds_between

_PATIENCE = 4  # times as long as asked for, so that one update may become whole


class Stretch:
    """Counts samples and marks updates; waits for the device at its start and its end alone.

    Args:
        device: that computes.
        seconds: how long it lasts at least. Until the first update is whole it goes on, to four
            times as long at most.
    """

    def __init__(self, device: torch.device, seconds: float) -> None:
        self._device, self._seconds = device, seconds
        self._num_samples = 0
        self._marks: list[Mark] = []
        self._start = self._stop = 0.0

    def begin(self) -> None:
        """Start the clock, at the start of an update."""
        synchronise(self._device)
        self._start = time.perf_counter()
        self._marks = [mark(self._device)]

    @property
    def is_over(self) -> bool:
        """Whether it was long enough."""
        elapsed = time.perf_counter() - self._start
        has_update = len(self._marks) > 1
        enough = self._seconds if has_update else _PATIENCE * self._seconds
        return self._num_samples > 0 and elapsed >= enough

    def add(self, num_samples: int) -> None:
        """Count a micro-batch whose step is made."""
        self._num_samples += num_samples

    def close_update(self) -> None:
        """Mark that an update was applied; without effect before the clock runs."""
        if self._marks:
            self._marks.append(mark(self._device))

    def end(self) -> None:
        """Stop the clock when the device has done it all."""
        synchronise(self._device)
        self._stop = time.perf_counter()

    def round(self) -> Round:
        """Return what was done; after ``end``."""
        updates = tuple(seconds_between(*marks) for marks in pairwise(self._marks))
        return Round(self._num_samples, self._stop - self._start, updates)
