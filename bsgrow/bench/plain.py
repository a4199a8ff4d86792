"""What a user writes without us: the same network in a plain PyTorch loop with a DataLoader.

A large batch is accumulated from equal parts no larger than our micro-batch, one after the other.
"""

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch
from torch.nn.functional import cross_entropy

from bsgrow.bench.measure import Round
from bsgrow.bench.source import Batch
from bsgrow.bench.stretch import Stretch
from bsgrow.bench.systems.torch import ArraySamples, data_loader, endless_batches
from bsgrow.bench.work import ArrayWork
from bsgrow.training.device import autocast
from bsgrow.training.job import Job
from bsgrow.training.state import State

if TYPE_CHECKING:
    from bsgrow.data import ArrayDataset


class PlainLoop:
    """Network, optimizer and data set of a job, in the loop that tutorials have.

    Args:
        job: what is trained.
        global_batch_size: samples per update; rounded down to whole parts.
    """

    def __init__(self, job: Job, global_batch_size: int) -> None:
        self._job, self._work = job, _as_work(job, global_batch_size)
        state = State.initial(job)
        self._model = state.model.train()
        self._optimizer = state.optimizer
        self._num_parts = -(-global_batch_size // job.recipe.micro_batch_size)
        self._samples = ArraySamples(self._work)
        for group in self._optimizer.param_groups:
            group["lr"] = 0.0  # as in our own updates: computed, and without effect

    def run(self, seconds: float) -> Round:
        """Train for a stretch, after one step to warm up."""
        stretch = Stretch(self._job.device, seconds)
        with closing(self._batches()) as batches:
            self._step(next(batches))
            self._apply()
            stretch.begin()
            while not stretch.is_over:
                self._update(batches, stretch)
            stretch.end()
        self._optimizer.zero_grad()
        return stretch.round()

    def _update(self, batches: Iterator[Batch], stretch: Stretch) -> None:
        for _ in range(self._num_parts):
            if stretch.is_over:
                return
            batch = next(batches)
            self._step(batch)
            stretch.add(batch.num_samples)
        self._apply()
        stretch.close_update()

    def _step(self, batch: Batch) -> None:
        assert batch.images is not None
        assert batch.labels is not None
        with autocast(self._job.device, self._job.precision.autocast_dtype):
            logits = self._model(batch.images)
            smoothing = self._job.recipe.loss.label_smoothing
            loss = cross_entropy(logits, batch.labels, label_smoothing=smoothing)
        (loss / self._num_parts).backward()  # type: ignore[no-untyped-call]  # torch's own

    def _apply(self) -> None:
        self._optimizer.step()
        self._optimizer.zero_grad()

    def _batches(self) -> Generator[Batch, None, None]:
        work = self._work
        size = min(work.global_batch_size // self._num_parts, work.num_samples)
        return endless_batches(data_loader(self._samples, size, work), work)


def _as_work(job: Job, global_batch_size: int) -> ArrayWork:
    dataset = cast("ArrayDataset", job.dataset)  # measurable_job makes no other
    return ArrayWork(
        images=dataset.train.images,
        labels=dataset.train.labels,
        augment=job.recipe.augment,
        global_batch_size=global_batch_size,
        memory_format=job.precision.memory_format,
        device=job.device,
        num_threads=torch.get_num_threads(),
        mean=dataset.mean,
        std=dataset.std,
        scratch=Path(),
    )
