"""Several ranks of one run as threads of a process, in step wherever they agree."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import torch
from torch import nn

from bsgrow.loading import ArrayLoader
from bsgrow.stream import Share
from bsgrow.training.decisions import Vote
from bsgrow.training.job import Job


class Ranks:
    """Combines votes by OR, and sums gradients where all have some, as processes would.

    Attributes:
        votes: of each rank, all that it gave.
    """

    def __init__(self, world_size: int) -> None:
        self.votes: list[list[Vote]] = [[] for _ in range(world_size)]
        self._models: list[nn.Module | None] = [None] * world_size
        self._barrier = Barrier(world_size, timeout=120)

    def agree_of(self, rank: int, model: nn.Module | None = None) -> Callable[[Vote], Vote]:
        self._models[rank] = model

        def agree(vote: Vote) -> Vote:
            self.votes[rank].append(vote)
            self._barrier.wait()
            decided = Vote(0)
            for votes in self.votes:
                decided |= votes[-1]
            if rank == 0 and not decided & Vote.ABORT:
                self._sum_gradients()
            self._barrier.wait()
            return decided

        return agree

    def run(self, part: Callable[[int], Any]) -> list[Any]:
        """Return what the part of each rank returned or raised."""

        def carry_out(rank: int) -> Any:
            try:
                return part(rank)
            except Exception as error:
                return error
            finally:
                if len({len(votes) for votes in self.votes}) > 1:
                    self._barrier.abort()

        with ThreadPoolExecutor(len(self.votes)) as threads:
            return list(threads.map(carry_out, range(len(self.votes))))

    def _sum_gradients(self) -> None:
        parameters = [list(model.parameters()) for model in self._models if model is not None]
        with torch.no_grad():
            for each in zip(*parameters, strict=True):
                if all(parameter.grad is not None for parameter in each):
                    total = torch.stack([parameter.grad for parameter in each]).sum(0)
                    for parameter in each:
                        parameter.grad.copy_(total)


def job_of(job: Job, rank: int, world_size: int) -> Job:
    """Return the part of a job, of arrays on the CPU, that is a rank's."""
    assert isinstance(job.loader, ArrayLoader)
    share = Share(rank, world_size, job.recipe.ghost_batch_size)
    settings = replace(job.loader.settings, share=share)
    return replace(job, loader=replace(job.loader, settings=settings))
