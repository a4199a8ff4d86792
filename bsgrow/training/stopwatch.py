"""Wall-clock time that goes on where an earlier process stopped."""

import time
from collections.abc import Callable


class Stopwatch:
    """Counts seconds from its making on.

    Args:
        elapsed: seconds already on it, from a checkpoint.
        now: a monotonic clock, in seconds.
    """

    def __init__(self, elapsed: float = 0.0, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._start = now() - elapsed

    @property
    def elapsed(self) -> float:
        """Seconds in all."""
        return self._now() - self._start
