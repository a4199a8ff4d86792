"""What happens between two updates: progress and evaluation, each on its own clock.

Each looks at the host's clock or at the position, both free; only when it is due does it wait for
the device.
"""

from collections.abc import Callable, Container
from operator import sub

from bsgrow.schedule import Update
from bsgrow.schedule.curves import exact
from bsgrow.training.decisions import Decisions, Vote
from bsgrow.training.divergence import require_finite_loss
from bsgrow.training.evaluate import evaluate
from bsgrow.training.events.events import Evaluated, Event, Progress, SampleSkipped
from bsgrow.training.group.process_group import LostProcessError, total_over
from bsgrow.training.job import Job
from bsgrow.training.state import State
from bsgrow.training.step import Metrics, Totals
from bsgrow.training.update_times import WaitShares, own_shares, shares_of

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
        """Report, after an update; waits for the device, once.

        Raises:
            LostProcessError: another process does not answer; told are the waits of this one then,
                as a checkpoint of that update follows, and its report comes once.
        """
        metrics, now = self._metrics_since_last(), self._state.stopwatch.elapsed
        job, waited, seconds = self._job, self._state.times.take(), now - self._seconds
        try:
            shares = shares_of(job.group, waited, seconds)
        except LostProcessError:
            self._tell(update, metrics, now, own_shares(waited, seconds))
            raise
        self._tell(update, metrics, now, shares)

    def _tell(self, update: Update, metrics: Metrics, now: float, waited: WaitShares) -> None:
        state, plan = self._state, self._job.plan
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
                data_wait_share=waited.data,
                communication_share=waited.communication,
                slowest_rank=waited.slowest_rank,
                consumed_tokens=self._job.tokens_of(state.cursor),
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

    def __init__(self, job: Job, state: State, emit: Emit, decisions: Decisions) -> None:
        self._job, self._state, self._emit, self._decisions = job, state, emit, decisions
        every = exact(job.recipe.run.evaluate_every_epochs) * job.plan.num_samples
        self._every_samples = max(1, round(every))

    def is_due(self, update: Update) -> bool:
        """Whether the update crosses a boundary, or is the last one."""
        return self._crosses(update.start, update.stop)

    def is_missed(self) -> bool:
        """Whether a run that was ended just when one was due goes on without it."""
        num_samples, stop = self._state.totals.num_samples, self._state.cursor
        return num_samples > 0 and self._crosses(stop - num_samples, stop)

    def _crosses(self, start: int, stop: int) -> bool:
        every = self._every_samples
        return stop // every > start // every or stop == self._job.plan.num_total_samples

    def evaluate(self) -> None:
        """Evaluate, and begin new totals; waits for the device.

        Raises:
            DivergedRunError: a loss is not finite, on all processes alike.
            SampleError: a held-out sample cannot be used.
            EndedElsewhereError: another process cannot have its share.
        """
        job, state = self._job, self._state
        test = evaluate_on_test(job, state, self._decisions)  # queued behind the updates
        train = state.totals.mean()
        require_finite_loss(train.loss, "training loss", state.num_updates)
        require_finite_loss(test.loss, "test loss", state.num_updates)
        evaluated = Evaluated(
            num_updates=state.num_updates,
            consumed_samples=state.cursor,
            epoch=state.cursor / job.plan.num_samples,
            train_loss=train.loss,
            test_loss=test.loss,
            test_accuracy=test.accuracy,
            wall_seconds=state.stopwatch.elapsed,
            num_test_skipped=state.num_test_skipped,
            consumed_tokens=job.tokens_of(state.cursor),
        )
        with state.lock:  # a checkpoint without these totals counts on the event
            state.totals = Totals(job.device)
            self._emit(evaluated)


class FaultReport:
    """Counts the samples that others stood in for, and emits what was wrong with each, once.

    Rank 0 tells of those of all processes; each other one logs its own.

    Args:
        job: its loader finds them.
        state: holds their number.
        emit: takes the events.
        reported: where those are that an earlier part of the run has reported.
    """

    def __init__(self, job: Job, state: State, emit: Emit, reported: Container[str] = ()) -> None:
        self._job, self._state, self._emit = job, state, emit
        self._reported, self._told = reported, set[str]()  # one may be found by several ranks
        self._num_told = job.loader.num_skipped

    def is_due(self) -> bool:
        """Whether this process has left samples out since the last report."""
        return self._job.loader.num_skipped > self._num_told

    def report(self) -> None:
        """Report what came up on any process since the last time."""
        loader, group = self._job.loader, self._job.group
        num_new, self._num_told = loader.num_skipped - self._num_told, loader.num_skipped
        self._state.num_skipped += total_over(group, num_new)
        faults = group.gather([(each.where, each.reason) for each in loader.take_faults()])
        for of_rank in faults if group.rank == 0 else [faults[group.rank]]:
            for where, reason in of_rank:
                self._emit_once(where, reason)

    def _emit_once(self, where: str, reason: str) -> None:
        if where not in self._reported and where not in self._told:
            self._told.add(where)
            self._emit(SampleSkipped(self._state.num_updates, where, reason))


def evaluate_on_test(job: Job, state: State, decisions: Decisions) -> Metrics:
    """Take loss and accuracy on the held-out samples, shared out over the processes.

    Waits for the device, once.

    Raises:
        SampleError: one of this process's share cannot be used.
        EndedElsewhereError: another process cannot have its share.
    """
    found: list[Totals] = []

    def evaluate_share() -> Vote:
        batches = job.loader.evaluation(job.share)
        dtype = job.precision.autocast_dtype
        found.append(evaluate(state.evaluated_model, batches, autocast_dtype=dtype))
        return Vote(0)

    job.group.post(f"evaluation after update {state.num_updates}")
    decisions.after(evaluate_share)
    (totals,) = found
    state.num_test_skipped = total_over(job.group, job.loader.num_test_skipped)
    state.tested = totals.mean(job.group)
    return state.tested
