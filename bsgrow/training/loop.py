"""The training loop: carries out a plan, and goes on where it was stopped."""

from collections.abc import Callable
from functools import partial

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
        emit(run_started(job, state))
        begun = (*micro_batch_found(job, state), *parameters_grouped(job, state), *skipped)
        for event in begun:
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
        with checkpointing, saved_at_a_failure(job, state, checkpointing, decisions):
            _make_updates(job, state, directory, checkpointing, after_update, emit, decisions)
        finish = partial(run_finished, job, state, directory.path, decisions)
        emit(finished := decisions.together(finish))
        decisions.together(emit.raise_failed)
    if job.group.rank == 0:
        directory.write_summary(finished)
    return finished


def _make_updates(
    job: Job,
    state: State,
    directory: RunDirectory,
    checkpointing: Checkpointing,
    after_update: AfterUpdate,
    emit: Emitter,
    decisions: Decisions,
) -> None:
    """Make the updates that are left, and what is to be done after each; as ``train_job``."""
    change = next_change(job.recipe, job.plan, state.num_updates)
    state.model.train()
    if after_update.make_up():
        raise _stopped(job, state, directory, checkpointing, decisions)
    for update, decided in updates_made(job, state, decisions, after_update.wishes, emit):
        if after_update.do(update, decided):
            raise _stopped(job, state, directory, checkpointing, decisions)
        if change is not None and change.update_index == state.num_updates:
            decisions.together(checkpointing.save)
            decisions.together(partial(end_phase, checkpointing, directory, change))
            raise PhaseEndedError(state.num_updates, job.plan.num_updates, change.world_size)
    decisions.together(partial(require_finite, job, state))
    decisions.together(checkpointing.finish)


def _stopped(
    job: Job,
    state: State,
    directory: RunDirectory,
    checkpointing: Checkpointing,
    decisions: Decisions,
) -> InterruptedRunError:
    decisions.together(checkpointing.finish)
    return interrupted(job, state, directory)
