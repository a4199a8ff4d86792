"""A function over many inputs at once, its results in the order of the inputs."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def map_in_order(
    executor: Executor, function: Callable[[T], R], inputs: Iterable[T], num_ahead: int
) -> Iterator[R]:
    """As `executor.map`, but with no more than `num_ahead` results waiting to be taken.

    On leaving early, what has not begun is cancelled and what has is waited for.

    Args:
        executor: runs it.
        function: may raise; the error comes out in its turn.
        inputs: taken as they are needed.
        num_ahead: at least 1.
    """
    remaining = iter(inputs)
    pending: deque[Future[R]] = deque()
    try:
        pending.extend(executor.submit(function, item) for item in islice(remaining, num_ahead))
        while pending:
            yield pending.popleft().result()
            pending.extend(executor.submit(function, item) for item in islice(remaining, 1))
    finally:
        for future in pending:
            future.cancel()
