"""Signs of life: each process of a run posts what it does, for others that wait in vain."""

import json
import threading
import time
from contextlib import suppress
from typing import NamedTuple

from torch.distributed.distributed_c10d import Store

SECONDS = 1.0
"""Between two signs of life."""

_STOP = "stop"
_MISSED = 3  # signs of life, after which a process counts as silent


class Sign(NamedTuple):
    """The latest sign of life of a process.

    Attributes:
        number: how many it gave.
        doing: what it did.
    """

    number: int
    doing: str


class Heartbeat:
    """Posts a sign of life of this process every second, in a thread that waits for nothing else.

    Args:
        store: that all processes reach; cloned, so that no other use of it is waited for.
        rank: of this process.
        world_size: number of processes.
        seconds: between two signs.

    Attributes:
        doing: what this process does, in words.
        is_asked_to_stop: whether any process said so by ``ask_to_stop``.
    """

    def __init__(self, store: Store, rank: int, world_size: int, seconds: float = SECONDS) -> None:
        self.doing, self.is_asked_to_stop = "starting", False
        own: Store = store.clone()  # type: ignore[attr-defined]  # torch's stubs lack it
        self._store, self._rank, self._world_size = own, rank, world_size
        self._seconds, self._count, self._asks = seconds, 0, False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bsgrow-heartbeat", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join()

    def ask_to_stop(self) -> None:
        """Tell the others with the next sign of life."""
        self._asks = True

    def silent_ranks(self) -> dict[int, Sign]:
        """Return the ranks that show no life while some signs are due; takes some seconds.

        Raises:
            RuntimeError: the store cannot be reached.
        """
        before = self.signs()
        time.sleep(_MISSED * self._seconds)
        after = self.signs()
        return {rank: sign for rank, sign in after.items() if before[rank].number == sign.number}

    def signs(self) -> dict[int, Sign]:
        """Return the latest sign of each other rank; raises RuntimeError as ``silent_ranks``."""
        return {rank: self._sign_of(rank) for rank in range(self._world_size) if rank != self._rank}

    def _sign_of(self, rank: int) -> Sign:
        key = f"sign/{rank}"
        return Sign(*json.loads(self._store.get(key))) if self._store.check([key]) else _NONE

    def _run(self) -> None:
        while True:
            with suppress(RuntimeError):  # a store that is gone is told of by whoever needs it
                self._beat()
            if self._ended.wait(self._seconds):
                return

    def _beat(self) -> None:
        self._count += 1
        self._store.set(f"sign/{self._rank}", json.dumps([self._count, self.doing]))
        if self._asks:
            self._store.set(_STOP, "")
        self.is_asked_to_stop = self.is_asked_to_stop or self._store.check([_STOP])


_NONE = Sign(0, "nothing yet")
