"""How the processes that were started together tell each other from those before them.

torchrun's store outlives the processes: where it starts all anew, as after a death or when a
machine has come, the store still holds what the last ones wrote. ``TORCHELASTIC_RESTART_COUNT``
does not tell them apart, since each machine counts its own.
"""

import json
import secrets
import time
from collections.abc import Callable
from typing import TypeVar

from torch.distributed.distributed_c10d import Store

from bsgrow.training.group.process_group import ranks_named

Value = TypeVar("Value")

_LONGEST_POLL = 0.1  # seconds


def common_name(store: Store, rank: int, world_size: int, seconds: float) -> str:
    """Return a name that processes started together have in common, and none before them had.

    Rank 0 chooses it, and gives it to each other one in answer to a number drawn by that one.

    Args:
        store: that all reach; may hold names of others.
        rank: of this process.
        world_size: number of processes.
        seconds: for which one waits for the others.

    Raises:
        RuntimeError: they do not come, or the store cannot be reached.
    """
    own = secrets.token_hex(8)
    if rank:
        store.set(f"came/{rank}", own)
        name = _until(lambda: _answer(store, rank, own), seconds, lambda: "rank 0 did not come")
        store.set(f"{name}/{rank}", "")
        return name
    missing, answered = set(range(1, world_size)), dict[int, str]()

    def have_all_come() -> bool:
        for other in missing:
            _answer_to(store, other, own, answered)
        missing.difference_update(_taken(store, other, own) for other in list(missing))
        return not missing

    _until(have_all_come, seconds, lambda: f"{ranks_named(sorted(missing))} did not come")
    return own


def _until(found: Callable[[], Value | None], seconds: float, why_not: Callable[[], str]) -> Value:
    """Ask until something is found, which is returned; after so many seconds raise RuntimeError."""
    pause, deadline = 0.001, time.monotonic() + seconds
    while not (value := found()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{why_not()} within {seconds:g} s")
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_POLL)
    return value


def _answer(store: Store, rank: int, own: str) -> str | None:
    """Return the name that rank 0 gave in answer to a number of this process."""
    key = f"answer/{rank}"
    asked, name = json.loads(store.get(key)) if store.check([key]) else (None, None)
    return name if asked == own else None


def _answer_to(store: Store, rank: int, name: str, answered: dict[int, str]) -> None:
    """Give a rank the name, once for each number that stands there."""
    key = f"came/{rank}"
    if store.check([key]) and (asked := store.get(key).decode()) != answered.get(rank):
        store.set(f"answer/{rank}", json.dumps([asked, name]))
        answered[rank] = asked


def _taken(store: Store, rank: int, name: str) -> int | None:
    """Return the rank if it has taken the name; nothing of that stays."""
    key = f"{name}/{rank}"
    return rank if store.check([key]) and store.delete_key(key) else None
