"""Begins pieces of work ahead of their use."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Request = TypeVar("Request")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Begun(Generic[Result]):
    """A piece of work under way.

    Attributes:
        result: waits for it, if need be, and returns what it made.
        cancel: drops it; what it made is not wanted.
    """

    result: Callable[[], Result]
    cancel: Callable[[], object]


def look_ahead(
    requests: Iterable[Request],
    begin: Callable[[Request], Begun[Result]],
    has_room: Callable[[int], bool],
) -> Generator[Result, None, None]:
    """Yield what the requests give, in order, each begun as early as there is room.

    Work is begun by the consumer, when it asks for the next result: no Python thread is needed.
    An exception of ``requests`` or ``begin`` is raised as soon as it is met, ahead of the results
    before it. A result is not held here once it is yielded.

    Args:
        requests: what to begin, in order; taken from as there is room.
        begin: begins one and returns at once.
        has_room: whether one more may be begun, given how many are under way; not asked at 0.
    """
    left = iter(requests)
    under_way: deque[Begun[Result]] = deque()
    try:
        while _begin_more(left, begin, has_room, under_way):
            yield under_way.popleft().result()
    finally:
        for begun in under_way:
            begun.cancel()


def _begin_more(
    left: Iterator[Request],
    begin: Callable[[Request], Begun[Result]],
    has_room: Callable[[int], bool],
    under_way: deque[Begun[Result]],
) -> bool:
    """Begin what there is room for, one at least; return whether any is under way."""
    while not under_way or has_room(len(under_way)):
        for request in left:
            under_way.append(begin(request))
            break
        else:
            break
    return bool(under_way)
