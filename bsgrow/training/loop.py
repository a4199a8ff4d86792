"""The training loop: carries out a plan, and goes on where it was stopped."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

from bsgrow.recipe.world_sizes import WorldSizeChange
from bsgrow.training.after_update import AfterUpdate
from bsgrow.training.checkpoint.checkpointing import Checkpointing
from bsgrow.training.decisions import Decisions
from bsgrow.training.diverged_update import require_finite
from bsgrow.training.emergency import Emergency, InterruptedRunError
from bsgrow.training.emitter import Emitter
from bsgrow.training.events.events import Event, RunFinished
from bsgrow.training.events.log import EventLog, ReportedSamples
from bsgrow.training.job import Job
from bsgrow.training.leaving import interrupted, leave, logged_end, saved_at_a_failure
from bsgrow.training.planned_world_size import PhaseEndedError, end_phase, next_change
from bsgrow.training.restoring import restore
from bsgrow.training.run_directory import RunDirectory
from bsgrow.training.start_and_end import (
    micro_batch_found,
    parameters_grouped,
    run_finished,
    run_started,
)
from bsgrow.training.state import State
from bsgrow.training.updates import updates_made


def train_job(
    job: Job,
    state: State,
    directory: RunDirectory,
    *,
    on_event: Callable[[Event], None],
    should_stop: Callable[[], bool] = lambda: False,
    emergency: Emergency | None = None,
) -> RunFinished:
    """Carry out a job in its directory, from its newest whole checkpoint if there is one.

    All processes of the job's group do so at the same time; that of rank 0 writes what the run
    keeps, each other one a log of its own.

    Args:
        job: recipe, plan, data, device and processes.
        state: the initial one.
        directory: of this run; holds its recipe.
        on_event: called with each event after it was logged.
        should_stop: asked once an update, and after an evaluation; True writes a checkpoint and
            stops.
        emergency: told how to write a checkpoint from another thread, at any moment from now on.

    Returns:
        The summary of the finished run.

    Raises:
        InterruptedRunError: should_stop said so.
        DivergedRunError: the loss of an update or at an evaluation was not finite, or the weights
            at the end; the state is that before.
        OtherWorldSizeError: the run is planned for another number of processes now.
        PhaseEndedError: the run is planned for another number of processes from here on; a
            checkpoint was written.
        SampleError: a sample cannot be used, under ``data.on_error = "raise"``; a checkpoint of the
            last finished update was written, if that could be.
        EndedElsewhereError: another process of the run has failed.
        LostProcessError: another process of the run does not answer.
        BsgrowError: the disk is full or a checkpoint is of another run, …
    """
    decisions = Decisions(job.group)
    skipped = restore(job, state, directory, decisions)
    with decisions.together(partial(EventLog, directory.events)) as log, logged_end(log, state):
        emit = Emitter(log, on_event)
        for event in chain(_first_events(job, state), skipped):
            emit(event)
        checkpointing = Checkpointing(
            *(job, state, emit, directory.checkpoints, log.sync), writes=job.group.rank == 0
        )
        (emergency or Emergency()).prepare(
            state.lock, partial(leave, job, state, directory, checkpointing, log), waits=True
        )
        after_update = AfterUpdate(
            *(job, state, emit, checkpointing, ReportedSamples(log.path), should_stop, decisions)
        )
        left = _UpdatesLeft(job, state, directory, checkpointing, after_update, emit, decisions)
        with checkpointing, saved_at_a_failure(job, state, checkpointing, decisions):
            left.make()
        finish = partial(run_finished, job, state, directory.path, decisions)
        emit(finished := decisions.together(finish))
        decisions.together(emit.raise_failed)
    if job.group.rank == 0:
        directory.write_summary(finished)
    return finished


def _first_events(job: Job, state: State) -> Iterator[Event]:
    """Yield what a run tells before its first update."""
    yield run_started(job, state)
    yield from micro_batch_found(job, state)
    yield from parameters_grouped(job, state)


@dataclass(frozen=True)
class _UpdatesLeft:
    """The updates that a run has yet to make, and whom it tells of them; as ``train_job``."""

    job: Job
    state: State
    directory: RunDirectory
    checkpointing: Checkpointing
    after_update: AfterUpdate
    emit: Emitter
    decisions: Decisions

    def make(self) -> None:
        """Make them, and do what is to be done after each."""
        job, state, after = self.job, self.state, self.after_update
        change = next_change(job.recipe, job.plan, state.num_updates)
        state.model.train()
        if after.make_up():
            raise self._stopped()
        for update, decided in updates_made(job, state, self.decisions, after.wishes, self.emit):
            if after.do(update, decided):
                raise self._stopped()
            if change is not None and change.update_index == state.num_updates:
                raise self._phase_ended(change)
        self.decisions.together(partial(require_finite, job, state))
        self.decisions.together(self.checkpointing.finish)

    def _phase_ended(self, change: WorldSizeChange) -> PhaseEndedError:
        self.decisions.together(self.checkpointing.save)
        self.decisions.together(partial(end_phase, self.checkpointing, self.directory, change))
        num_updates = self.state.num_updates
        return PhaseEndedError(num_updates, self.job.plan.num_updates, change.world_size)

    def _stopped(self) -> InterruptedRunError:
        self.decisions.together(self.checkpointing.finish)
        return interrupted(self.job, self.state, self.directory)
