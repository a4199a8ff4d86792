"""What happens between two updates: progress and evaluation, each on its own clock.

Each looks at the host's clock or at the position, both free; only when it is due does it wait for
the device.
"""

from collections.abc import Callable, Container
from operator import sub

from bsgrow.schedule import Update
from bsgrow.schedule.curves import exact
from bsgrow.training.decisions import Vote
from bsgrow.training.divergence import require_finite_loss
from bsgrow.training.evaluate import evaluate
from bsgrow.training.events import Evaluated, Event, Progress, SampleSkipped
from bsgrow.training.job import Job
from bsgrow.training.state import State
from bsgrow.training.step import Metrics, Totals

Emit = Callable[[Event], None]


class ProgressReport:
    """Emits a Progress event every so many seconds: means since the last one."""

    def __init__(self, job: Job, state: State, emit: Emit) -> None:
        self._job, self._state, self._emit = job, state, emit
        self._seconds = state.stopwatch.elapsed
        self._cursor = state.cursor
        self._totals = state.totals
        self._read = state.totals.read()

    def is_due(self, update: Update) -> bool:
        """Whether the interval is over."""
        elapsed = self._state.stopwatch.elapsed - self._seconds
        return elapsed >= self._job.recipe.run.log_every_seconds

    def report(self, update: Update) -> None:
        """Report, after an update; waits for the device, once."""
        state, plan = self._state, self._job.plan
        metrics = self._metrics_since_last()
        now = state.stopwatch.elapsed
        speed = (state.cursor - self._cursor) / max(now - self._seconds, 1e-9)
        self._seconds, self._cursor = now, state.cursor
        self._emit(
            Progress(
                num_updates=state.num_updates,
                consumed_samples=state.cursor,
                epoch=state.cursor / plan.num_samples,
                global_batch_size=update.global_batch_size,
                lr=update.lr,
                momentum=update.momentum,
                train_loss=metrics.loss,
                train_accuracy=metrics.accuracy,
                samples_per_second=speed,
                wall_seconds=now,
                seconds_left=(plan.num_total_samples - state.cursor) / speed,
            )
        )

    def _metrics_since_last(self) -> Metrics:
        """Wait for the device, once; the totals restart at each evaluation."""
        before = self._read if self._totals is self._state.totals else (0.0, 0.0, 0)
        self._totals = self._state.totals
        self._read = self._totals.read()
        loss_sum, num_correct, num_samples = map(sub, self._read, before)
        return Metrics.of(loss_sum, num_correct, int(num_samples))


class Evaluation:
    """Evaluates on the held-out samples each time so many epochs have passed, and at the end."""

    def __init__(self, job: Job, state: State, emit: Emit) -> None:
        self._job, self._state, self._emit = job, state, emit
        every = exact(job.recipe.run.evaluate_every_epochs) * job.plan.num_samples
        self._every_samples = max(1, round(every))

    def is_due(self, update: Update) -> bool:
        """Whether the update crosses a boundary, or is the last one."""
        return self._crosses(update.start, update.stop)

    def catch_up(self) -> Vote:
        """Evaluate if a bad sample ended the run just when that was due after its latest update."""
        num_samples, stop = self._state.totals.num_samples, self._state.cursor
        if num_samples and self._crosses(stop - num_samples, stop):
            self.evaluate()
        return Vote(0)

    def _crosses(self, start: int, stop: int) -> bool:
        every = self._every_samples
        return stop // every > start // every or stop == self._job.plan.num_total_samples

    def evaluate(self) -> None:
        """Evaluate, and begin new totals; waits for the device."""
        job, state = self._job, self._state
        test = evaluate_on_test(job, state)  # queued behind the updates, and waited for once
        train = state.totals.mean()
        if state.totals.num_samples:  # this process may have had none
            require_finite_loss(train.loss, "training loss", state.num_updates)
        require_finite_loss(test.loss, "test loss", state.num_updates)
        state.tested, state.totals = test, Totals(job.device)
        self._emit(
            Evaluated(
                num_updates=state.num_updates,
                consumed_samples=state.cursor,
                epoch=state.cursor / job.plan.num_samples,
                train_loss=train.loss,
                test_loss=test.loss,
                test_accuracy=test.accuracy,
                wall_seconds=state.stopwatch.elapsed,
                num_test_skipped=job.loader.num_test_skipped,
            )
        )


class FaultReport:
    """Counts the samples that others stood in for, and emits what was wrong with each, once.

    Args:
        job: its loader finds them.
        state: holds their number.
        emit: takes the events.
        reported: where those are that an earlier part of the run has reported.
    """

    def __init__(self, job: Job, state: State, emit: Emit, reported: Container[str] = ()) -> None:
        self._loader, self._state, self._emit = job.loader, state, emit
        self._reported = reported
        self._before = state.num_skipped - job.loader.num_skipped

    def report(self) -> None:
        """Report what came up since the last time."""
        self._state.num_skipped = self._before + self._loader.num_skipped
        for fault in self._loader.take_faults():
            if fault.where not in self._reported:
                self._emit(SampleSkipped(self._state.num_updates, fault.where, fault.reason))


def evaluate_on_test(job: Job, state: State) -> Metrics:
    """Return loss and accuracy on the held-out samples. Waits for the device, once."""
    return evaluate(
        state.model, job.loader.evaluation(), autocast_dtype=job.precision.autocast_dtype
    )
