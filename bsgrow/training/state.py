"""What changes during a run: weights, optimizer, position, running totals."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Self

import torch
from torch import nn
from torch.optim import Optimizer

from bsgrow.recipe import Recipe, moving_constants
from bsgrow.schedule import Update
from bsgrow.training.averaged import Averaged
from bsgrow.training.checkpoint.checkpoint import Identity, Position, content_of, load_checkpoint
from bsgrow.training.checkpoint.checks import NUM_FAILED, NUM_SKIPPED, RUNNING_TOTALS
from bsgrow.training.checkpoint.optimizer_state import forget_refused
from bsgrow.training.compiled import compiled_forward
from bsgrow.training.divergence import diverged
from bsgrow.training.gradient_sum import GradientSum
from bsgrow.training.initial_model import initial_model
from bsgrow.training.job import Job
from bsgrow.training.loss_guard import LossGuard
from bsgrow.training.loss_scale import LossScale
from bsgrow.training.optimizers import build_optimizer
from bsgrow.training.parameter_groups import as_torch_takes, parameter_groups
from bsgrow.training.step import Forward, Metrics, Totals, summed_loss
from bsgrow.training.stopwatch import Stopwatch
from bsgrow.training.update import apply, gradients_of
from bsgrow.training.update_sums import UpdateSums, norm_steps
from bsgrow.training.update_times import UpdateTimes


@dataclass
class State:
    """The changing half of a run; a checkpoint is this and the identity of its job.

    Attributes:
        model: on the device of the job.
        optimizer: over the model's parameters.
        num_updates: updates made.
        cursor: samples consumed.
        totals: of the training samples since the last evaluation, of all processes.
        gradient_sum: sums gradients over the processes.
        sums: of the update under way.
        guard: looks at its loss.
        times: what updates wait for.
        loss_scale: of float16.
        clip_norm: length that a gradient is shortened to, if any.
        averaged: the average of the weights, if one is kept.
        stopwatch: wall-clock time in the run, continuations included.
        tested: loss and accuracy on the held-out samples, if measured since the latest update.
        num_test_skipped: held-out samples that another one stood in for, when they were.
        num_skipped: training samples that another one stood in for.
        num_checkpoints_failed: checkpoints that could not be written.
        forward: computes the loss of a micro-batch; compiled after ``warm_up``.
        lock: held by whoever changes what a checkpoint is made of, or makes one.
    """

    model: nn.Module
    optimizer: Optimizer
    num_updates: int
    cursor: int
    totals: Totals
    gradient_sum: GradientSum
    sums: UpdateSums
    guard: LossGuard
    times: UpdateTimes
    loss_scale: LossScale = field(default_factory=LossScale)
    clip_norm: float | None = None
    averaged: Averaged | None = None
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    tested: Metrics | None = None
    num_test_skipped: int = 0
    num_skipped: int = 0
    num_checkpoints_failed: int = 0
    forward: Forward = summed_loss
    lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    @classmethod
    def initial(cls, job: Job, *, goes_on: bool = False) -> Self:
        """Return the state before the first update, by the seed and ``model.weights`` alone.

        Args:
            job: of the run.
            goes_on: whether a checkpoint is taken next, so that ``model.weights`` is not read.

        Raises:
            InputError: the weights cannot be read, or do not fit; or keys on parameters do not.
        """
        recipe, device = job.recipe, job.device
        model = initial_model(job, goes_on=goes_on)
        optimizer = _optimizer_of(model, job)
        averaged = _average_of(model, recipe)  # before what follows puts hooks on the model
        defers = device.type == "cuda" and recipe.optimizer.kind.is_fused
        return cls(
            *(model, optimizer, 0, 0, Totals(device)),
            GradientSum(model.parameters(), job.group),
            UpdateSums(model, device, norm_steps(recipe)),
            LossGuard(optimizer, device, defers=defers),
            UpdateTimes(device),
            LossScale.for_dtype(job.precision.autocast_dtype),
            recipe.optimizer.clip_norm,
            averaged,
        )

    @property
    def averaged_model(self) -> nn.Module | None:
        """The model with the average of the weights, if one is kept."""
        return None if self.averaged is None else self.averaged.module

    @property
    def evaluated_model(self) -> nn.Module:
        """The model that the run is judged by: with averaged weights, where they are kept."""
        return self.model if self.averaged is None else self.averaged.module

    def warm_up(self, job: Job, sizes: Iterable[int]) -> None:
        """Compile the step for these sizes of micro-batch, if the job compiles; changes no weight.

        Raises:
            InputError: what compiling needs is not there.
        """
        if job.compiles:
            self.forward = compiled_forward(job, self.model, sizes)

    def apply(self, update: Update) -> None:
        """Apply an update whose gradient and sums are those of all processes; waits for nothing."""
        with self.lock:
            self.guard.before_step(self.sums)
            apply(self.optimizer, update, self.clip_norm)
            self.loss_scale.count()
            self.sums.take(self.totals, update)
            if self.averaged is not None:
                self.averaged.take(update.global_batch_size, self.guard.refused)
            self.num_updates, self.cursor, self.tested = update.index + 1, update.stop, None

    def unscale(self, update: Update) -> None:
        """Take the scale of the loss off the gradient of an update; waits for a float16 one.

        Raises:
            GradientOverflowError: it is not finite.
        """
        self.loss_scale.unscale(gradients_of(self.optimizer), update.index + 1)

    def drop_update(self) -> None:
        """Give the update under way up: all is as after the one before."""
        self.optimizer.zero_grad(set_to_none=True)
        self.sums.drop()

    def require_finite(self, job: Job) -> None:
        """Check that no update was refused for its loss; waits for the device, if there is one.

        Raises:
            DivergedRunError: one was since the last time; the state is that before it.
        """
        self.guard.wait()  # without the lock, for which who ends the run meanwhile waits
        with self.lock:
            self.take_refused_back(job)

    def take_refused_back(self, job: Job) -> None:
        """Do as ``require_finite``, for a thread that holds the lock."""
        if num_refused := self.guard.take_num_refused():
            self.num_updates -= num_refused
            cursor, self.cursor = self.cursor, job.plan.update(self.num_updates).start
            self.totals.num_samples -= cursor - self.cursor
            forget_refused(self.optimizer, job.plan, self.num_updates)
            raise diverged("the training loss is not finite", self.num_updates + 1)

    def position(self) -> Position:
        """Return how far the run has come, for a checkpoint. Waits for the device."""
        extra = dict(zip(RUNNING_TOTALS, self.totals.read(), strict=True))
        extra[NUM_SKIPPED] = self.num_skipped
        if self.num_checkpoints_failed:
            extra[NUM_FAILED] = self.num_checkpoints_failed
        extra |= self.loss_scale.as_extra()
        return Position(self.num_updates, self.cursor, self.stopwatch.elapsed, extra)

    def content(self, identity: Identity, position: Position) -> dict[str, Any]:
        """Return what a checkpoint holds; its tensors are those of the state."""
        return content_of(identity, position, self.model, self.optimizer, self.averaged_model)

    def restore(self, path: Path, job: Job) -> None:
        """Take the state of a checkpoint, as it was to the bit."""
        parts = (self.model, self.optimizer, self.averaged_model)
        position = load_checkpoint(path, job.identity, job.plan, *parts)
        self.num_updates, self.cursor = position.update_index, position.cursor
        self.totals = _restored_totals(job.device, position.extra)
        self.loss_scale = self.loss_scale.restored(position.extra)
        self.stopwatch = Stopwatch(position.elapsed_seconds)
        self.num_skipped = int(position.extra.get(NUM_SKIPPED, 0))
        self.num_checkpoints_failed = int(position.extra.get(NUM_FAILED, 0))


def _optimizer_of(model: nn.Module, job: Job) -> Optimizer:
    recipe = job.recipe
    groups = parameter_groups(model, recipe.optimizer, job.dataset.num_classes)
    lr = recipe.schedule.lr
    taken = as_torch_takes(groups, model, lr)
    return build_optimizer(recipe.optimizer, taken, lr, moving_constants(recipe))


def _average_of(model: nn.Module, recipe: Recipe) -> Averaged | None:
    """Return the average of the weights, if the recipe keeps one; it begins as the model."""
    decay = recipe.optimizer.ema_decay
    if decay is None:
        return None
    moves = "ema_decay" in moving_constants(recipe)
    return Averaged(model, decay, recipe.schedule.global_batch_size if moves else None)


def _restored_totals(device: torch.device, extra: Mapping[str, float]) -> Totals:
    loss_sum, num_correct, num_samples = (extra[name] for name in RUNNING_TOTALS)
    return Totals(device, loss_sum, num_correct, int(num_samples))
