"""Runs an iterator ahead of its consumer, in a thread."""

import queue
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

Item = TypeVar("Item")

_POLL_SECONDS = 0.1


class _Failed:
    """An exception on its way from the thread to the consumer."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


_END = object()


def prefetch(items: Iterable[Item], depth: int) -> Generator[Item, None, None]:
    """Yield the items, fetched up to ``depth`` ahead by a thread; 0 fetches in step.

    Exceptions of the source are raised here, in their place. Closing the iterator, or leaving
    its loop early, stops the thread and waits for it.

    Args:
        items: what to iterate over; used by the thread alone.
        depth: how many items may wait.
    """
    if depth == 0:
        yield from items
        return
    ready: queue.Queue[object] = queue.Queue(depth)
    stopped = threading.Event()
    thread = threading.Thread(target=_produce, args=(items, ready, stopped), daemon=True)
    thread.start()
    try:
        yield from _consume(ready)
    finally:
        stopped.set()
        thread.join()


def _consume(ready: "queue.Queue[object]") -> Iterator[Item]:
    while (item := ready.get()) is not _END:
        if isinstance(item, _Failed):
            raise item.error
        yield item  # type: ignore[misc]  # only items, _Failed and _END are put


def _produce(items: Iterable[Item], ready: "queue.Queue[object]", stopped: threading.Event) -> None:
    try:
        for item in items:
            if not _put(ready, item, stopped):
                return
        _put(ready, _END, stopped)
    except BaseException as error:
        _put(ready, _Failed(error), stopped)


def _put(ready: "queue.Queue[object]", item: object, stopped: threading.Event) -> bool:
    """Wait for room; give up once the consumer has left."""
    while not stopped.is_set():
        with suppress(queue.Full):
            ready.put(item, timeout=_POLL_SECONDS)
            return True
    return False
