"""Begins pieces of work ahead of their use."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

Request = TypeVar("Request")
Result = TypeVar("Result")

MAX_IDLE: Final = 1024
"""Requests that are nothing to do, passed over to begin what comes after them: some seconds."""


@dataclass(frozen=True, slots=True)
class Begun(Generic[Result]):
    """A piece of work under way.

    Attributes:
        result: waits for it, if need be, and returns what it made.
        cancel: drops it; what it made is not wanted.
    """

    result: Callable[[], Result]
    cancel: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Idle(Generic[Result]):
    """What there is nothing to do for, and yet has its place in the order.

    Attributes:
        value: its result.
    """

    value: Result

    def result(self) -> Result:
        """Return it at once."""
        return self.value

    def cancel(self) -> None:
        """There is nothing to drop."""


def look_ahead(
    requests: Iterable[Request],
    begin: Callable[[Request], Begun[Result] | Idle[Result]],
    has_room: Callable[[int], bool],
) -> Generator[Result, None, None]:
    """Yield what the requests give, in order, each begun as early as there is room.

    Work is begun by the consumer, when it asks for the next result: no Python thread is needed.
    Of what there is nothing to do for, ``MAX_IDLE`` are passed over to find work: it is begun that
    much ahead, and no more is held of requests without any. An exception of ``requests`` or
    ``begin`` is raised as soon as it is met, ahead of the results before it. A result is not held
    here once it is yielded.

    Args:
        requests: what to begin, in order; taken from as there is room.
        begin: begins one and returns at once.
        has_room: whether one more may be begun, given how many are under way, the one to hand over
            included; not asked at 0.
    """
    left = iter(requests)
    under_way: _UnderWay[Result] = _UnderWay(has_room)
    try:
        while _begin_more(left, begin, under_way):
            yield under_way.take().result()
    finally:
        under_way.cancel()


def _begin_more(
    left: Iterator[Request],
    begin: Callable[[Request], Begun[Result] | Idle[Result]],
    under_way: "_UnderWay[Result]",
) -> bool:
    """Begin what there is room for, one at least; return whether any is under way."""
    while under_way.has_room():
        for request in left:
            under_way.add(begin(request))
            break
        else:
            break
    return bool(under_way)


class _UnderWay(Generic[Result]):
    """What was begun and not handed over, in order; see ``look_ahead``."""

    def __init__(self, has_room: Callable[[int], bool]) -> None:
        self._has_room = has_room
        self._begun: deque[Begun[Result] | Idle[Result]] = deque()
        self._num_idle = 0

    def __bool__(self) -> bool:
        return bool(self._begun)

    def has_room(self) -> bool:
        if not self._begun:
            return True
        num_others = self._num_idle - isinstance(self._begun[0], Idle)
        return num_others < MAX_IDLE and self._has_room(len(self._begun) - num_others)

    def add(self, begun: Begun[Result] | Idle[Result]) -> None:
        self._begun.append(begun)
        self._num_idle += isinstance(begun, Idle)

    def take(self) -> Begun[Result] | Idle[Result]:
        first = self._begun.popleft()
        self._num_idle -= isinstance(first, Idle)
        return first

    def cancel(self) -> None:
        for begun in self._begun:
            begun.cancel()
