"""What a system would run of a plan, by its own rule: told before a line of it is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bsgrow.schedule.plan import Plan, Update


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive updates of one size.

    Attributes:
        index: of its first update.
        start: first sample of its first update.
        size: samples per update.
        num_updates: how many updates.
    """

    index: int
    start: int
    size: int
    num_updates: int

    @property
    def stop(self) -> int:
        """Where the next update starts."""
        return self.start + self.num_updates * self.size


@dataclass(frozen=True)
class Export:
    """A plan in another system's syntax.

    Attributes:
        text: the configuration; in every format a line that starts with ``#`` is a comment.
        notes: what the user must know or do besides, a sentence each.
    """

    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """A plan as a system would run it.

    Attributes:
        runs: all its updates, in order.
        lr: the learning rate of an update, from its index, its first sample and its size.
        write: returns the configuration; raises InputError where the optimizer or the ranks
            do not fit.
        reasons: why its updates are not the plan's, where they are not, a sentence each.
        lr_reasons: the same of their learning rates.
    """

    runs: Sequence[Run]
    lr: Callable[[int, int, int], float]
    write: Callable[[], Export]
    reasons: tuple[str, ...] = ()
    lr_reasons: tuple[str, ...] = ()


def runs_of(sizes: Sequence[tuple[int, int]]) -> list[Run]:
    """Return the runs of (size, number of updates), one after the other; empty ones left out."""
    runs: list[Run] = []
    index = start = 0
    for size, num_updates in sizes:
        if num_updates:
            runs.append(Run(index, start, size, num_updates))
            index, start = index + num_updates, runs[-1].stop
    return runs


def planned_runs(plan: Plan) -> list[Run]:
    """Return the updates of a plan, the last one whole: what follows it update by update."""
    return runs_of([(phase.global_batch_size, phase.num_updates) for phase in plan.phases])


def whole_update(plan: Plan, index: int) -> Update:
    """Return an update as if it were whole: the run's last may be cut, and its rate with it."""
    update = plan.update(index)
    if index + 1 < plan.num_updates:
        return update
    phase = plan.phases[-1]
    stop = update.start + phase.global_batch_size
    return replace(update, stop=stop, lr=plan.last_lr(phase))
