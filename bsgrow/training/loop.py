"""The training loop: carries out a plan, and goes on where it was stopped."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from bsgrow.errors import BsgrowError
from bsgrow.schedule import Update
from bsgrow.text.command import resume_command
from bsgrow.training.checkpoint.checkpoint import newest_checkpoint
from bsgrow.training.checkpoint.checkpointing import Checkpointing
from bsgrow.training.checkpoint.folder import Skipped
from bsgrow.training.decisions import Decisions, Vote
from bsgrow.training.digest import weights_sha256
from bsgrow.training.diverged_update import require_finite
from bsgrow.training.divergence import (
    DivergedRunError,
    require_finite_loss,
    require_finite_weights,
)
from bsgrow.training.emergency import Emergency, InterruptedRunError
from bsgrow.training.events.events import CheckpointSkipped, Event, RunFinished, RunStarted
from bsgrow.training.events.log import EventLog, ReportedSamples, truncate_after
from bsgrow.training.group.process_group import LostProcessError, from_rank_0
from bsgrow.training.job import Job
from bsgrow.training.observers import (
    Evaluation,
    FaultReport,
    ProgressReport,
    evaluate_on_test,
)
from bsgrow.training.planned_world_size import (
    PhaseEndedError,
    end_phase,
    next_change,
    planned_world_size,
    require_planned_world_size,
)
from bsgrow.training.run_directory import RunDirectory
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
    skipped = _restore(job, state, directory, decisions)
    with EventLog(directory.events) as log:

        def emit(event: Event) -> None:
            failed = log.write(event)
            on_event(event)
            if failed is not None:
                on_event(failed)

        emit(_started(job, state))
        for event in skipped:
            emit(event)
        _run_updates(
            *(job, state, directory, log, emit, should_stop, decisions, emergency or Emergency())
        )
        finish = partial(_finished, job, state, directory.path, decisions)
        finished = decisions.together(finish)
        emit(finished)
    if job.group.rank == 0:
        directory.write_summary(finished)
    return finished


def _restore(
    job: Job, state: State, directory: RunDirectory, decisions: Decisions
) -> list[CheckpointSkipped]:
    """Take the state of the newest whole checkpoint, if there is one; say which do not count.

    Rank 0 looks which that is.
    """
    found = decisions.together(lambda: _newest(job, state, directory))
    path, skipped = from_rank_0(job.group, found)

    def take() -> None:
        if path is not None:
            state.restore(Path(path), job)
        truncate_after(directory.events, state.num_updates)
        planned = planned_world_size(job.recipe, job.plan, state.num_updates)
        if planned is not None and job.group.rank == 0:
            directory.write_world_size(planned)
        require_planned_world_size(job.recipe, job.plan, state.num_updates, job.group.world_size)

    decisions.together(take)
    return [CheckpointSkipped(state.num_updates, *each) for each in skipped]


def _newest(
    job: Job, state: State, directory: RunDirectory
) -> tuple[str | None, list[tuple[str, str]]]:
    """Return the newest whole checkpoint, and which do not count and why; begin the plan."""
    if job.group.rank != 0:
        return None, []
    newest = newest_checkpoint(directory.checkpoints, job.plan, state.model, state.optimizer)
    if newest.path is None and any(skipped.was_whole for skipped in newest.skipped):
        raise _all_damaged(newest.skipped)
    if not directory.plan.exists():
        directory.write_plan(job.plan)
    path = None if newest.path is None else str(newest.path)
    return path, [(str(each.path), each.reason) for each in newest.skipped]


def _run_updates(
    job: Job,
    state: State,
    directory: RunDirectory,
    log: EventLog,
    emit: Callable[[Event], None],
    should_stop: Callable[[], bool],
    decisions: Decisions,
    emergency: Emergency,
) -> None:
    writes = job.group.rank == 0
    checkpointing = Checkpointing(job, state, emit, directory.checkpoints, log.sync, writes=writes)
    evaluation = Evaluation(job, state, emit, decisions)
    progress = ProgressReport(job, state, emit)
    faults = FaultReport(job, state, emit, ReportedSamples(log.path))
    leave = partial(_leave, job, state, directory, checkpointing)
    emergency.prepare(state.lock, leave, waits=True)

    def is_asked_to_stop(update: Update) -> bool:
        return should_stop() and update.index + 1 < job.plan.num_updates

    def vote(update: Update) -> Vote:
        stops = is_asked_to_stop(update)
        wanted = {
            Vote.REPORT: progress.is_due(update),
            Vote.EVALUATE: evaluation.is_due(update),
            Vote.CHECKPOINT: checkpointing.is_due(update) or stops,
            Vote.STOP: stops,
            Vote.FAULTS: faults.is_due(),
        }
        return Vote(sum(each for each, holds in wanted.items() if holds))

    def act(update: Update, decided: Vote) -> Vote:
        """Do what was decided; all processes come to the same places in it."""
        require_finite(job, state)
        if Vote.REPORT in decided:
            progress.report(update)
        if Vote.EVALUATE in decided:
            evaluation.evaluate()
        if (Vote.FAULTS | Vote.EVALUATE) & decided:  # a held-out sample may be bad too
            faults.report()
        if Vote.CHECKPOINT in decided:
            checkpointing.save()
        asked = Vote.EVALUATE in decided and is_asked_to_stop(update)  # meanwhile
        best = Vote.EVALUATE in decided and checkpointing.is_best()
        then = Vote.STOP | Vote.CHECKPOINT if asked else Vote(0)
        return then | Vote.CHECKPOINT if best else then

    change = next_change(job.recipe, job.plan, state.num_updates)
    state.model.train()
    with checkpointing, _saved_at_a_failure(job, state, checkpointing, decisions):
        if evaluation.is_missed():
            decisions.together(evaluation.evaluate)
            faults.report()
        for update, decided in updates_made(job, state, decisions, vote, emit):
            checkpointing.report()
            then = decisions.after(partial(act, update, decided)) if decided else decided
            if Vote.CHECKPOINT in then:
                decisions.together(checkpointing.save)
            if Vote.STOP in decided | then:
                decisions.together(checkpointing.finish)
                raise _interrupted(job, state, directory)
            if change is not None and change.update_index == state.num_updates:
                decisions.together(checkpointing.save)
                decisions.together(partial(end_phase, checkpointing, directory, change))
                raise PhaseEndedError(state.num_updates, job.plan.num_updates, change.world_size)
        decisions.together(partial(require_finite, job, state))
        decisions.together(checkpointing.finish)


@contextmanager
def _saved_at_a_failure(
    job: Job, state: State, checkpointing: Checkpointing, decisions: Decisions
) -> Iterator[None]:
    """Write a checkpoint where the run may go on: without a bad sample, or a process that is gone.

    The state is then that after the last finished update. A device may still be in a sum that waits
    for the process that is gone, before an update that was applied behind it: nothing is written.
    """
    try:
        yield
    except Exception as error:
        is_lost = isinstance(error, LostProcessError) and job.device.type == "cpu"
        if Vote.BAD_SAMPLE in decisions.ended_by or is_lost:
            with suppress(DivergedRunError):
                state.require_finite(job)
            checkpointing.save()
        raise


def _leave(
    job: Job, state: State, directory: RunDirectory, checkpointing: Checkpointing
) -> BsgrowError:
    """Write the state after the last finished update, while the main thread changes nothing."""
    with suppress(DivergedRunError):  # the state is then that before
        state.require_finite(job)
    checkpointing.save_at_once()
    return _interrupted(job, state, directory)


def _started(job: Job, state: State) -> RunStarted:
    plan = job.plan
    return RunStarted(
        recipe=job.recipe.description,
        num_samples=plan.num_samples,
        epochs=plan.epochs,
        num_updates=plan.num_updates,
        baseline_num_updates=plan.baseline_num_updates,
        device=str(job.device),
        micro_batch_size=job.micro_batch_size,
        num_parameters=sum(parameter.numel() for parameter in state.model.parameters()),
        seed=job.recipe.run.seed,
        first_update=state.num_updates,
        world_size=job.group.world_size,
    )


def _finished(job: Job, state: State, out: Path, decisions: Decisions) -> RunFinished:
    test = state.tested or evaluate_on_test(job, state, decisions)
    require_finite_loss(test.loss, "test loss", state.num_updates)
    require_finite_weights(state.model, state.num_updates)
    seconds = state.stopwatch.elapsed
    return RunFinished(
        test_accuracy=test.accuracy,
        test_loss=test.loss,
        num_updates=state.num_updates,
        baseline_num_updates=job.plan.baseline_num_updates,
        consumed_samples=state.cursor,
        wall_seconds=seconds,
        samples_per_second=state.cursor / seconds,
        weights_sha256=weights_sha256(state.model),
        out=str(out),
        num_skipped=state.num_skipped,
        num_test_skipped=state.num_test_skipped,
        num_checkpoints_failed=state.num_checkpoints_failed,
    )


def _all_damaged(skipped: Iterable[Skipped]) -> BsgrowError:
    reasons = "; ".join(f"{each.path}: {each.reason}" for each in skipped)
    return BsgrowError(
        f"no checkpoint of the run is whole: {reasons}",
        hint="put a copy of one back, or start anew with another --out",
    )


def _interrupted(job: Job, state: State, directory: RunDirectory) -> InterruptedRunError:
    return InterruptedRunError(
        f"stopped after update {state.num_updates} of {job.plan.num_updates}; "
        "a checkpoint is written",
        hint=f"go on with: {resume_command(directory.path)}",
    )
