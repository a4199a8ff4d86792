"""Memory that copies to a device are reading from, held until they are done."""

from collections import deque

import torch

MAX_SOURCES = 2  # that copies may be reading from


class CopySources:
    """Holds what copies read from, by the host's clock, in the order in which they were begun."""

    def __init__(self) -> None:
        self._held: deque[tuple[torch.cuda.Event, object]] = deque()

    def __len__(self) -> int:
        """Return how many are held."""
        return len(self._held)

    def hold(self, source: object, until: torch.cuda.Event) -> None:
        """Hold an object, the owner of what is read, until the event has happened."""
        self._held.append((until, source))

    def release(self, num_kept: int) -> None:
        """Wait for the oldest copies and let go of what they read, until so many are left."""
        while len(self._held) > num_kept:
            self._held[0][0].synchronize()
            self._held.popleft()  # not before: an interrupt leaves what is still being read
