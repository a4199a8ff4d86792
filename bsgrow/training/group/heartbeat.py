"""Signs of life: each process of a run posts what it does, for others that wait in vain."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, TypeVar

from torch.distributed.distributed_c10d import Store

from bsgrow.training.background import within

SECONDS = 1.0
"""Between two signs of life."""

_STOP = "stop"
_MISSED = 3  # signs of life, after which a process counts as silent
SECONDS_TO_LOOK = 5.0
"""More than ``silent_ranks`` takes, where the store answers."""

_SECONDS_TO_TELL = 2.0  # that a process is asked to stop
_SECONDS_TO_ANSWER = 10.0  # for the store, however busy its machine

Value = TypeVar("Value")


def answer_to(ask: Callable[[], Value]) -> Value:
    """Return what the store answers; one behind a dead network answers never.

    Raises:
        RuntimeError: it does not in time, or says so.
    """
    try:
        return within(ask, _SECONDS_TO_ANSWER)
    except TimeoutError:
        raise RuntimeError(
            f"the store of the launcher does not answer within {_SECONDS_TO_ANSWER:g} s"
        ) from None


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
        stop_signal: by what signal any process was asked to stop, as ``ask_to_stop`` says; or 0.
    """

    def __init__(self, store: Store, rank: int, world_size: int, seconds: float = SECONDS) -> None:
        self.doing, self.stop_signal = "starting", 0
        own: Store = store.clone()  # type: ignore[attr-defined]  # torch's stubs lack it
        self._store, self._rank, self._world_size = own, rank, world_size
        self._seconds, self._count, self._signal = seconds, 0, 0
        self._ended, self._is_due, self._is_told = (threading.Event() for _ in range(3))
        self._thread = threading.Thread(target=self._run, name="bsgrow-heartbeat", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; one that hangs in a store that is cut off ends with the process."""
        self._ended.set()
        self._is_due.set()
        self._thread.join(_MISSED * self._seconds)

    def ask_to_stop(self, signal: int) -> None:
        """Tell the others at once; returns once that is done, or takes too long."""
        self._signal = signal
        self._is_due.set()
        self._is_told.wait(_SECONDS_TO_TELL)

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
        others = [rank for rank in range(self._world_size) if rank != self._rank]
        return {rank: self._sign_of(rank) for rank in others}

    def _sign_of(self, rank: int) -> Sign:
        key = f"sign/{rank}"
        return Sign(*json.loads(self._store.get(key))) if self._store.check([key]) else _NONE

    def _run(self) -> None:
        while not self._ended.is_set():
            with suppress(RuntimeError):  # a store that is gone is told of by whoever needs it
                self._beat()
            self._is_due.wait(self._seconds)
            self._is_due.clear()

    def _beat(self) -> None:
        self._count += 1
        self._store.set(f"sign/{self._rank}", json.dumps([self._count, self.doing]))
        if self._signal and not self._is_told.is_set():
            self._store.set(_STOP, str(self._signal))
            self._is_told.set()
        if not self.stop_signal and self._store.check([_STOP]):
            self.stop_signal = int(self._store.get(_STOP))


_NONE = Sign(0, "nothing yet")
