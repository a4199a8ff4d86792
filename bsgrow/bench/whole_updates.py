"""The training loop timed over whole updates, at whose ends all processes stop together."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain, pairwise, repeat
from math import inf
from typing import Any, NamedTuple, Self

from bsgrow.bench.measure import synchronise
from bsgrow.bench.timed_loader import TimedUpdates
from bsgrow.loading import Loader
from bsgrow.loading.loader import Faultless
from bsgrow.schedule import Update
from bsgrow.training.compiled import sizes_to_compile
from bsgrow.training.decisions import Decisions, Vote
from bsgrow.training.device_clock import Mark, mark, seconds_between
from bsgrow.training.group.process_group import ProcessGroup
from bsgrow.training.job import Job, share_of
from bsgrow.training.loaders import loader_of
from bsgrow.training.state import State
from bsgrow.training.update_times import Wait
from bsgrow.training.updates import updates_made


class Stretch(NamedTuple):
    """Whole updates in one timed stretch, as one process made them.

    Attributes:
        num_samples: of its share.
        seconds: that they took.
        update_seconds: of each.
        data: the share of the seconds that it waited for data.
        others: that it waited for the others.
    """

    num_samples: int
    seconds: float
    update_seconds: Sequence[float]
    data: float
    others: float


@dataclass(frozen=True)
class Trainer:
    """Runs the training loop in one of the groups that a process can be in.

    Attributes:
        job: what is trained.
        state: of the job, warmed up; its weights are not changed.
    """

    job: Job
    state: State

    @classmethod
    def of(cls, job: Job, group: ProcessGroup, batch_sizes: Iterable[int]) -> Self:
        """Return the trainer of a job in a group, its step compiled for these batches."""
        share = share_of(job.recipe, group)
        loader = loader_of(job.recipe, job.dataset, job.device, job.precision, share)
        job = replace(job, group=group, loader=loader)
        state = State.initial(job)
        state.warm_up(job, _sizes_compiled(job, batch_sizes))
        state.model.train()
        return cls(job, state)

    @property
    def gradient_bytes(self) -> int:
        """What is summed in each update."""
        return sum(each.nbytes for each in self.state.model.parameters() if each.requires_grad)

    def run(self, size: int, seconds: float) -> Stretch:
        """Train at a global batch for so many seconds at least, after an update that warms up.

        Raises:
            BsgrowError: a process of the group has failed, or is lost.
        """
        start, marks = inf, list[Mark]()

        def vote(update: Update) -> Vote:
            return Vote.STOP if time.perf_counter() - start >= seconds else Vote(0)

        job, state = self.job, self.state
        loader: Any = _Given(job.loader, self._updates(size))
        state.num_updates = 0
        made = updates_made(replace(job, loader=loader), state, Decisions(job.group), vote)
        with closing(made):
            next(made)
            synchronise(job.device)
            state.times.take()
            start = time.perf_counter()
            marks.append(mark(job.device))
            for _, decided in made:
                marks.append(mark(job.device))
                if Vote.STOP in decided:
                    break
            synchronise(job.device)
        return self._stretch(size, time.perf_counter() - start, marks)

    def _stretch(self, size: int, seconds: float, marks: Sequence[Mark]) -> Stretch:
        waited = self.state.times.take()
        update_seconds = [seconds_between(*pair) for pair in pairwise(marks)]
        first, last = self.job.share.run(0, size)
        num_samples = len(update_seconds) * (last - first)
        others = waited[Wait.OTHERS] if self.job.group.world_size > 1 else 0.0
        shares = waited[Wait.DATA] / seconds, others / seconds
        return Stretch(num_samples, seconds, update_seconds, *shares)

    def _updates(self, size: int) -> Iterator[Update]:
        """Yield a small update, then those of one size without end; their learning rate is 0."""
        job = self.job
        small = min(size, job.group.world_size * job.micro_batch_size)
        momentum, start = job.recipe.optimizer.momentum, 0
        for index, each in enumerate(chain([small], repeat(size))):
            yield Update(index, start, start + each, lr=0.0, momentum=momentum)
            start += each


class _Given(Faultless):
    """A job's loader with other updates than those of its plan."""

    def __init__(self, loader: Loader, updates: Iterator[Update]) -> None:
        self._loader, self._updates = loader, updates

    def updates(self, updates: Iterable[Update]) -> TimedUpdates:
        """Yield what was given."""
        return self._loader.updates(self._updates)


def _sizes_compiled(job: Job, batch_sizes: Iterable[int]) -> set[int]:
    """Return the sizes of micro-batch that this process compiles for global batches."""
    chosen: set[int] = set()
    for size in batch_sizes:
        cuts = job.share.micro_batches(0, size, job.micro_batch_size)
        chosen.update(sizes_to_compile(Counter(cut.num_samples for cut in cuts)))
    return chosen
