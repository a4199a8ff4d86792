"""Lays updates of equal size over the samples, and gathers them into phases."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from math import ceil, inf

from bsgrow.errors import InputError
from bsgrow.schedule.config import Growth
from bsgrow.schedule.curves import exact
from bsgrow.schedule.plan import Phase
from bsgrow.schedule.reference_lr import ReferenceLr
from bsgrow.schedule.scaling import matching_lr
from bsgrow.schedule.sizes import Sizes

_MAX_PHASES = 1_000_000
_LARGEST_DECAY = 1e100  # that of a learning rate of 0; its square is still a float


@dataclass(frozen=True, slots=True)
class _Run:
    """Updates of equal size and momentum that start in one piece of the reference's curve.

    The learning rates are the reference's, at the first and at the last of them.
    """

    start: int
    num_updates: int
    global_batch_size: int
    momentum: float
    direction: int
    first_lr: float
    last_lr: float

    @property
    def stop(self) -> int:
        """Where the next update starts."""
        return self.start + self.num_updates * self.global_batch_size


class _BatchSize:
    """The batch size for a learning rate of the reference, given the updates so far.

    A rise is not answered by a smaller batch unless asked: a warm-up stays one, and after a warm
    restart the batch waits until the learning rate is down where it was.
    """

    def __init__(self, sizes: Sizes) -> None:
        self._sizes, self._growth = sizes, sizes.growth
        self._peak, self._deepest = 0.0, 1.0
        self._first_growth = inf  # the decay at which ``hybrid`` has grown, and stays

    def at(self, lr: float, momentum: float) -> int:
        """Return the size that the next update would have at this learning rate."""
        first = self._sizes.size(1.0, momentum)
        if self._growth.mode == "decay":
            return first
        decay = self._decay(lr)
        if self._growth.mode == "grow" or self._first_growth == inf:
            return self._sizes.size(decay, momentum)
        grown = self._sizes.size(self._first_growth, momentum)
        return (
            grown if self._sizes.size(min(decay, self._first_growth), momentum) == grown else first
        )

    def record(self, lr: float, momentum: float) -> None:
        """Take note of the learning rate of an update."""
        self._deepest, self._peak = self._decay(lr), max(self._peak, lr)
        if self._first_growth == inf and self.at(lr, momentum) > self._sizes.size(1.0, momentum):
            self._first_growth = self._deepest

    def _decay(self, lr: float) -> float:
        """Return by what factor the learning rate is below its peak, or has been at most."""
        now = max(1.0, decay_from(self._peak, lr))
        return now if self._growth.shrink else max(now, self._deepest)


def decay_from(peak: float, lr: float) -> float:
    """Return by what factor a learning rate is below its peak: a float, whatever they are."""
    if not peak:
        return 1.0
    return min(peak / lr, _LARGEST_DECAY) if lr else _LARGEST_DECAY


def lay_phases(sizes: Sizes, published: ReferenceLr) -> Iterator[Phase]:
    """Yield the phases of a plan in order; they tile its samples.

    An update that has started runs on past the end of its piece; the last one is cut.
    """
    index = 0
    for number, run in enumerate(_merge(_runs(sizes, published))):
        _require_few(number, sizes.growth)
        stop = min(run.stop, published.num_total_samples)
        size, momentum = run.global_batch_size, run.momentum
        lr = matching_lr(
            run.first_lr, sizes.reference, size, momentum, sizes.growth, sizes.num_samples
        )
        yield Phase(index, run.num_updates, run.start, stop, size, momentum, lr)
        index += run.num_updates


def _require_few(number_of_phases: int, growth: Growth) -> None:
    if number_of_phases >= _MAX_PHASES:
        raise InputError(
            f"growth.factor = {growth.factor}: the plan has more than {_MAX_PHASES} phases",
            hint="growth.factor = 2.0 makes fewer",
        )


def _runs(sizes: Sizes, published: ReferenceLr) -> Iterator[_Run]:
    batch_size, cursor = _BatchSize(sizes), 0
    raised = ceil(exact(sizes.growth.momentum_at) * sizes.num_samples)
    for start, stop in published.pieces([raised]):
        if cursor >= stop:
            continue
        momentum = sizes.momentum(raised=start >= raised)
        direction = published.direction(start, stop)
        while cursor < stop:
            run = _next_run(cursor, stop, direction, momentum, batch_size, published)
            yield run
            cursor = run.stop


def _next_run(
    cursor: int,
    stop: int,
    direction: int,
    momentum: float,
    batch_size: _BatchSize,
    published: ReferenceLr,
) -> _Run:
    """Return the updates of one size that start in [cursor, stop), up to the next size."""
    first_lr = last_lr = published.lr(cursor)
    batch_size.record(first_lr, momentum)
    size = batch_size.at(first_lr, momentum)

    def changed(num_updates: int) -> bool:
        return batch_size.at(published.lr(cursor + num_updates * size), momentum) != size

    num_updates = -((cursor - stop) // size)
    if direction and num_updates > 1:
        num_updates = first_where(changed, num_updates)
        last_lr = published.lr(cursor + (num_updates - 1) * size)
        batch_size.record(last_lr, momentum)
    return _Run(cursor, num_updates, size, momentum, direction, first_lr, last_lr)


def first_where(holds: Callable[[int], bool], stop: int) -> int:
    """Return the first number in [1, stop) from which on a condition holds, or stop.

    The last number first, as most pieces are short and hold none; then doubling steps, then
    bisection: the cost is the logarithm of the result.
    """
    if not holds(stop - 1):
        return stop
    low, step = 0, 1
    while low + step < stop and not holds(low + step):
        low, step = low + step, 2 * step
    high = min(low + step, stop)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _merge(runs: Iterable[_Run]) -> Iterator[_Run]:
    """Join neighbours of equal size and momentum whose learning rate goes on the same way."""
    merged: _Run | None = None
    for run in runs:
        if merged is not None and _goes_on(merged, run):
            num_updates = merged.num_updates + run.num_updates
            merged = replace(merged, num_updates=num_updates, last_lr=run.last_lr)
            continue
        if merged is not None:
            yield merged
        merged = run
    if merged is not None:
        yield merged


def _goes_on(run: _Run, following: _Run) -> bool:
    if (run.global_batch_size, run.momentum, run.direction) != (
        following.global_batch_size,
        following.momentum,
        following.direction,
    ):
        return False
    if run.direction == 0:
        return run.last_lr == following.first_lr
    return (following.first_lr - run.last_lr) * run.direction >= 0
