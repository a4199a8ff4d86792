"""What changes during a run: weights, optimizer, position, running totals."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import nn
from torch.nn.utils import convert_conv2d_weight_memory_format
from torch.optim import Optimizer

from bsgrow.models import build_model
from bsgrow.schedule import Update
from bsgrow.training.checkpoint import Position, load_checkpoint
from bsgrow.training.checkpoint_checks import NUM_FAILED, NUM_SKIPPED, RUNNING_TOTALS
from bsgrow.training.compiled import compiled_forward
from bsgrow.training.job import Job
from bsgrow.training.optimizers import build_optimizer
from bsgrow.training.step import Forward, Metrics, Totals, summed_loss
from bsgrow.training.stopwatch import Stopwatch


@dataclass
class State:
    """The changing half of a run; a checkpoint is this and the identity of its job.

    Attributes:
        model: on the device of the job.
        optimizer: over the model's parameters.
        num_updates: updates made.
        cursor: samples consumed.
        totals: of the training samples since the last evaluation.
        stopwatch: wall-clock time in the run, continuations included.
        tested: loss and accuracy on the held-out samples, if measured since the latest update.
        num_skipped: training samples that another one stood in for.
        num_checkpoints_failed: checkpoints that could not be written.
        forward: computes the loss of a micro-batch; compiled after ``warm_up``.
    """

    model: nn.Module
    optimizer: Optimizer
    num_updates: int
    cursor: int
    totals: Totals
    stopwatch: Stopwatch
    tested: Metrics | None = None
    num_skipped: int = 0
    num_checkpoints_failed: int = 0
    forward: Forward = summed_loss

    @classmethod
    def initial(cls, job: Job) -> Self:
        """Return the state before the first update; the weights depend on the seed alone."""
        recipe, dataset = job.recipe, job.dataset
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.run.seed)
            model = build_model(
                recipe.model.name,
                recipe.model.arguments,
                in_channels=job.image_shape[0],
                num_classes=dataset.num_classes,
                ghost_batch_size=recipe.ghost_batch_size,
            )
        convert_conv2d_weight_memory_format(model, job.precision.memory_format)
        model.to(job.device)
        optimizer = build_optimizer(recipe.optimizer, model.parameters(), recipe.schedule.lr)
        return cls(model, optimizer, 0, 0, Totals(job.device), Stopwatch())

    def warm_up(self, job: Job, sizes: Iterable[int]) -> None:
        """Compile the step for these sizes of micro-batch, if the job compiles; changes no weight.

        As reading the data, it comes before the clock of the run.

        Raises:
            InputError: what compiling needs is not there.
        """
        if job.compiles:
            self.forward = compiled_forward(job, self.model, sizes)
            self.stopwatch = Stopwatch()

    def advance(self, update: Update) -> None:
        """Count an update that was applied."""
        self.num_updates = update.index + 1
        self.cursor = update.stop
        self.tested = None

    def position(self) -> Position:
        """Return how far the run has come, for a checkpoint. Waits for the device."""
        extra = dict(zip(RUNNING_TOTALS, self.totals.read(), strict=True))
        extra[NUM_SKIPPED] = self.num_skipped
        if self.num_checkpoints_failed:
            extra[NUM_FAILED] = self.num_checkpoints_failed
        return Position(self.num_updates, self.cursor, self.stopwatch.elapsed, extra)

    def restore(self, path: Path, job: Job) -> None:
        """Take the state of a checkpoint, as it was to the bit."""
        position = load_checkpoint(path, job.identity, job.plan, self.model, self.optimizer)
        self.num_updates, self.cursor = position.update_index, position.cursor
        self.totals = _restored_totals(job.device, position.extra)
        self.stopwatch = Stopwatch(position.elapsed_seconds)
        self.num_skipped = int(position.extra.get(NUM_SKIPPED, 0))
        self.num_checkpoints_failed = int(position.extra.get(NUM_FAILED, 0))


def _restored_totals(device: torch.device, extra: Mapping[str, float]) -> Totals:
    loss_sum, num_correct, num_samples = (extra[name] for name in RUNNING_TOTALS)
    return Totals(device, loss_sum, num_correct, int(num_samples))
