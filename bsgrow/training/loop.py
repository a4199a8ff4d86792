"""The training loop: carries out a plan, and goes on where it was stopped."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import torch

from bsgrow.errors import BsgrowError
from bsgrow.loading import MicroBatch
from bsgrow.schedule import Update
from bsgrow.text.command import resume_command
from bsgrow.training.checkpoint import newest_checkpoint
from bsgrow.training.checkpoint_folder import Skipped
from bsgrow.training.checkpointing import Checkpointing
from bsgrow.training.decisions import Agree, Decisions, Vote, alone
from bsgrow.training.digest import weights_sha256
from bsgrow.training.divergence import require_finite_loss, require_finite_weights
from bsgrow.training.event_log import EventLog, ReportedSamples, truncate_after
from bsgrow.training.events import CheckpointSkipped, Event, RunFinished, RunStarted
from bsgrow.training.job import Job
from bsgrow.training.observers import (
    Evaluation,
    FaultReport,
    ProgressReport,
    evaluate_on_test,
)
from bsgrow.training.run_directory import RunDirectory
from bsgrow.training.savepoint import Savepoint
from bsgrow.training.state import State
from bsgrow.training.step import accumulate
from bsgrow.training.update import apply


class InterruptedRunError(BsgrowError):
    """The run was asked to stop; a checkpoint was written at the update that it had reached."""

    exit_code = 130  # 128 + SIGINT, as shells count it


def train_job(
    job: Job,
    state: State,
    directory: RunDirectory,
    *,
    on_event: Callable[[Event], None],
    should_stop: Callable[[], bool] = lambda: False,
    agree: Agree = alone,
) -> RunFinished:
    """Carry out a job in its directory, from its newest whole checkpoint if there is one.

    Args:
        job: recipe, plan, data and device.
        state: the initial one.
        directory: of this run; holds its recipe.
        on_event: called with each event after it was logged.
        should_stop: asked once an update, and after an evaluation; True writes a checkpoint and
            stops.
        agree: combines the votes of all processes of the run.

    Returns:
        The summary of the finished run.

    Raises:
        InterruptedRunError: should_stop said so.
        DivergedRunError: the loss was not finite at an evaluation, or the weights at the end.
        SampleError: a sample cannot be used, under ``data.on_error = "raise"``; a checkpoint of the
            last finished update was written, if that could be.
        EndedElsewhereError: another process of the run has failed.
        BsgrowError: the disk is full or a checkpoint is of another run, …
    """
    skipped = _restore(job, state, directory)
    with EventLog(directory.events) as log:

        def emit(event: Event) -> None:
            failed = log.write(event)
            on_event(event)
            if failed is not None:
                on_event(failed)

        emit(_started(job, state))
        for event in skipped:
            emit(event)
        _run_updates(job, state, directory, log, emit, should_stop, Decisions(agree))
        finished = _finished(job, state, directory.path)
        emit(finished)
    directory.write_summary(finished)
    return finished


def _restore(job: Job, state: State, directory: RunDirectory) -> list[CheckpointSkipped]:
    """Take the state of the newest whole checkpoint, if there is one; say which do not count."""
    newest = newest_checkpoint(directory.checkpoints, job.plan, state.model, state.optimizer)
    if newest.path is not None:
        state.restore(newest.path, job)
    elif any(skipped.was_whole for skipped in newest.skipped):
        raise _all_damaged(newest.skipped)
    if not directory.plan.exists():
        directory.write_plan(job.plan)
    truncate_after(directory.events, state.num_updates)
    return [
        CheckpointSkipped(state.num_updates, str(each.path), each.reason) for each in newest.skipped
    ]


def _run_updates(
    job: Job,
    state: State,
    directory: RunDirectory,
    log: EventLog,
    emit: Callable[[Event], None],
    should_stop: Callable[[], bool],
    decisions: Decisions,
) -> None:
    checkpointing = Checkpointing(job, state, emit, directory.checkpoints, log.sync)
    evaluation, progress = Evaluation(job, state, emit), ProgressReport(job, state, emit)
    faults = FaultReport(job, state, emit, ReportedSamples(log.path))

    def is_asked_to_stop(update: Update) -> bool:
        return should_stop() and update.index + 1 < job.plan.num_updates

    def vote(update: Update) -> Vote:
        stops = is_asked_to_stop(update)
        wanted = {
            Vote.REPORT: progress.is_due(update),
            Vote.EVALUATE: evaluation.is_due(update),
            Vote.CHECKPOINT: checkpointing.is_due(update) or stops,
            Vote.STOP: stops,
        }
        return Vote(sum(each for each, holds in wanted.items() if holds))

    def act(update: Update, decided: Vote) -> Vote:
        checkpointing.report()
        if Vote.REPORT in decided:
            progress.report(update)
        if Vote.EVALUATE in decided:
            evaluation.evaluate()
        faults.report()
        if Vote.CHECKPOINT in decided:
            checkpointing.save()
        asked = Vote.EVALUATE in decided and is_asked_to_stop(update)  # meanwhile
        best = Vote.EVALUATE in decided and checkpointing.is_best()
        return (Vote.STOP if asked else Vote(0)) | (Vote.CHECKPOINT if best else Vote(0))

    state.model.train()
    with checkpointing, _saved_at_a_bad_sample(checkpointing, decisions):
        decisions.after(evaluation.catch_up)
        faults.report()
        for update, decided in updates_made(job, state, decisions, vote):
            acting = partial(act, update, decided)
            then = decisions.after(acting) if decided else acting()
            if then & (Vote.STOP | Vote.CHECKPOINT):
                checkpointing.save()
            if Vote.STOP in decided | then:
                decisions.after(checkpointing.finish)
                raise _interrupted(job, state, directory)
        decisions.after(checkpointing.finish)


@contextmanager
def _saved_at_a_bad_sample(checkpointing: Checkpointing, decisions: Decisions) -> Iterator[None]:
    """Write a checkpoint where a bad sample ends the run, which may go on without it."""
    try:
        yield
    except Exception:
        if Vote.BAD_SAMPLE in decisions.ended_by:
            checkpointing.save()
        raise


def updates_made(
    job: Job,
    state: State,
    decisions: Decisions | None = None,
    vote: Callable[[Update], Vote] = lambda update: Vote(0),
) -> Generator[tuple[Update, Vote], None, None]:
    """Make the remaining updates one by one; yields each when it has been applied.

    Args:
        job: what is trained.
        state: of the job, in training mode.
        decisions: those of all processes of the run; None is alone.
        vote: asked for the wishes of this process once its part of an update is computed.

    Yields:
        The update, and what all processes decided to do after it.

    Raises:
        SampleError: a sample cannot be used; the state is that after the last finished update.
        EndedElsewhereError: another process has failed; where by such a sample, the same holds.
    """
    decisions, savepoint = decisions or Decisions(), Savepoint(job, state)

    def compute(update: Update, micro_batches: Iterator[MicroBatch]) -> Vote:
        add_gradient(job, state, update, micro_batches)
        return vote(update)

    with closing(job.loader.updates(job.plan.updates(state.num_updates))) as updates:
        for each in updates:
            savepoint.keep()
            try:
                decided = decisions.after(partial(compute, *each))
            except Exception:
                if Vote.BAD_SAMPLE in decisions.ended_by:
                    savepoint.put_back()
                raise
            apply(state.optimizer, each.update)
            state.advance(each.update)
            yield each.update, decided


def add_gradient(
    job: Job, state: State, update: Update, micro_batches: Iterable[MicroBatch]
) -> None:
    """Add this process's share of an update's mean gradient; zeros where it has no sample."""
    micro_batch = None
    for micro_batch in micro_batches:
        accumulate(
            state.model,
            micro_batch.images,
            micro_batch.labels,
            update_size=update.global_batch_size,
            totals=state.totals,
            autocast_dtype=job.precision.autocast_dtype,
            label_smoothing=job.recipe.loss.label_smoothing,
            forward=state.forward,
        )
    if micro_batch is None:
        for parameter in state.model.parameters():
            parameter.grad = torch.zeros_like(parameter)


def _started(job: Job, state: State) -> RunStarted:
    plan = job.plan
    return RunStarted(
        recipe=job.recipe.description,
        num_samples=plan.num_samples,
        epochs=plan.epochs,
        num_updates=plan.num_updates,
        baseline_num_updates=plan.baseline_num_updates,
        device=str(job.device),
        micro_batch_size=job.recipe.micro_batch_size,
        num_parameters=sum(parameter.numel() for parameter in state.model.parameters()),
        seed=job.recipe.run.seed,
        first_update=state.num_updates,
    )


def _finished(job: Job, state: State, out: Path) -> RunFinished:
    test = state.tested or evaluate_on_test(job, state)
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
        num_test_skipped=job.loader.num_test_skipped,
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
