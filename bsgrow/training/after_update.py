"""What is done between two updates: wanted by a process, decided by all, and done by all."""

from collections.abc import Callable, Container
from functools import partial

from bsgrow.schedule import Update
from bsgrow.training.checkpoint.checkpointing import Checkpointing
from bsgrow.training.decisions import Decisions, Vote
from bsgrow.training.diverged_update import require_finite
from bsgrow.training.emitter import Emitter
from bsgrow.training.job import Job
from bsgrow.training.observers import Evaluation, FaultReport, ProgressReport
from bsgrow.training.state import State


class AfterUpdate:
    """Reports, evaluates and writes checkpoints, each when it is due on any process.

    Args:
        job: what is trained.
        state: of the job.
        emit: takes the events.
        checkpointing: writes the checkpoints.
        reported: where the samples are that an earlier part of the run has reported as bad.
        should_stop: whether this process is asked to stop.
        decisions: those of all processes of the run.
    """

    def __init__(
        self,
        job: Job,
        state: State,
        emit: Emitter,
        checkpointing: Checkpointing,
        reported: Container[str],
        should_stop: Callable[[], bool],
        decisions: Decisions,
    ) -> None:
        self._job, self._state, self._emit = job, state, emit
        self._checkpointing, self._should_stop = checkpointing, should_stop
        self._decisions = decisions
        self._progress = ProgressReport(job, state, emit)
        self._evaluation = Evaluation(job, state, emit, decisions)
        self._faults = FaultReport(job, state, emit, reported)

    def wishes(self, update: Update) -> Vote:
        """Return what this process wants done after an update that is computed.

        Raises:
            Exception: an event could not be shown; the update is then applied on no process.
        """
        self._emit.raise_failed()
        stops = self._is_asked_to_stop_after(update.index + 1)
        wanted = {
            Vote.REPORT: self._progress.is_due(update),
            Vote.EVALUATE: self._evaluation.is_due(update),
            Vote.CHECKPOINT: self._checkpointing.is_due(update) or stops,
            Vote.STOP: stops,
            Vote.FAULTS: self._faults.is_due(),
        }
        return Vote(sum(each for each, holds in wanted.items() if holds))

    def do(self, update: Update, decided: Vote) -> bool:
        """Do what was decided, all processes alike; returns whether the run is to stop."""
        self._checkpointing.report()
        if not decided:
            return False
        stops = self._follow(self._decisions.after(partial(self._do, update, decided)))
        return stops or Vote.STOP in decided

    def make_up(self) -> bool:
        """Evaluate where a run goes on that was ended just when that was due; returns as ``do``."""
        return self._evaluation.is_missed() and self._follow(self._decisions.after(self._make_up))

    def _do(self, update: Update, decided: Vote) -> Vote:
        """Do what was decided; all processes come to the same places in it."""
        require_finite(self._job, self._state)
        if Vote.FAULTS in decided:  # first, so that they count in a run that is left meanwhile
            self._faults.report()
        if Vote.REPORT in decided:
            self._progress.report(update)
        if Vote.EVALUATE in decided:
            self._evaluate()
        if Vote.CHECKPOINT in decided:
            self._checkpointing.save()
        self._emit.raise_failed()
        return self._wishes_now() if Vote.EVALUATE in decided else Vote(0)

    def _evaluate(self) -> None:
        self._evaluation.evaluate()
        self._faults.report()  # a held-out sample may be bad too

    def _make_up(self) -> Vote:
        self._evaluate()
        self._emit.raise_failed()
        return self._wishes_now()

    def _wishes_now(self) -> Vote:
        """Return what this process wants after an evaluation."""
        best = Vote.CHECKPOINT if self._checkpointing.is_best() else Vote(0)
        stops = self._is_asked_to_stop_after(self._state.num_updates)  # meanwhile
        return best | Vote.STOP | Vote.CHECKPOINT if stops else best

    def _follow(self, wanted: Vote) -> bool:
        """Do what an evaluation has made due on any process."""
        if Vote.CHECKPOINT in wanted:
            self._decisions.together(self._checkpointing.save)
        return Vote.STOP in wanted

    def _is_asked_to_stop_after(self, num_updates: int) -> bool:
        return self._should_stop() and num_updates < self._job.plan.num_updates
