"""Several ranks of one run as threads of a process, in step wherever they act together."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import reduce
from operator import or_
from threading import Barrier, BrokenBarrierError
from typing import Any

from torch import Tensor

from bsgrow.loading import ArrayLoader
from bsgrow.training.decisions import Vote
from bsgrow.training.group.process_group import BITS, LostProcessError, ProcessGroup, Summing
from bsgrow.training.job import Job, share_of


class Ranks:
    """The ranks of a run.

    Attributes:
        groups: of each rank.
        votes: of each rank, all that it gave.
    """

    def __init__(self, world_size: int) -> None:
        self.votes: list[list[Vote]] = [[] for _ in range(world_size)]
        self._slots: list[Any] = [None] * world_size
        self._barrier = Barrier(world_size, timeout=120)
        self.groups = [ThreadGroup(self, rank) for rank in range(world_size)]

    def exchanged(self, rank: int, value: Any) -> list[Any]:
        """Return the value of each rank, once all have come."""
        self._slots[rank] = value
        try:
            self._barrier.wait()
            values = list(self._slots)
            self._barrier.wait()
        except BrokenBarrierError as error:
            raise LostProcessError("a rank has left") from error
        return values

    def run(self, part: Callable[[int], Any]) -> list[Any]:
        """Return what the part of each rank returned or raised."""

        def carry_out(rank: int) -> Any:
            try:
                return part(rank)
            except Exception as error:
                return error
            finally:
                self._leave(rank)

        self._left: set[int] = set()
        self._barrier.reset()
        with ThreadPoolExecutor(len(self.groups)) as threads:
            return list(threads.map(carry_out, range(len(self.groups))))

    def _leave(self, rank: int) -> None:
        """Whoever waits for a rank that has ended alone waits in vain."""
        self._left.add(rank)
        if self._barrier.n_waiting:
            self._barrier.abort()


class ThreadGroup(ProcessGroup):
    """One rank; it has the face of a process of many."""

    def __init__(self, ranks: Ranks, rank: int) -> None:
        self._ranks, self.rank, self.world_size = ranks, rank, len(ranks.votes)

    def combine(self, flags: int, num_bits: int = BITS) -> int:
        assert flags < 2**num_bits
        self._ranks.votes[self.rank].append(Vote(flags % 2**BITS))
        return reduce(or_, self._ranks.exchanged(self.rank, flags))

    def begin_sum(self, tensor: Tensor) -> Summing:
        self.sum_(tensor)
        return ProcessGroup().begin_sum(tensor)

    def sum_(self, tensor: Tensor) -> Tensor:
        return tensor.copy_(sum(self._ranks.exchanged(self.rank, tensor.clone())))

    def sum_numbers(self, numbers: Sequence[float]) -> list[float]:
        return [sum(each) for each in zip(*self._ranks.exchanged(self.rank, numbers), strict=True)]

    def gather(self, value: Any) -> list[Any]:
        return [json.loads(each) for each in self._ranks.exchanged(self.rank, json.dumps(value))]


def refuse_tensors(ranks: Ranks) -> None:
    """Let the sum of a tensor fail, as one on a device that never ends."""

    def refuse(tensor: Tensor) -> Tensor:
        raise AssertionError("summed where the tensors are")

    for group in ranks.groups:
        group.sum_ = refuse  # type: ignore[method-assign]


def job_of(job: Job, group: ProcessGroup) -> Job:
    """Return the part of a job, of arrays on the CPU, that is a rank's."""
    assert isinstance(job.loader, ArrayLoader)
    settings = replace(job.loader.settings, share=share_of(job.recipe, group))
    return replace(job, loader=replace(job.loader, settings=settings), group=group)
