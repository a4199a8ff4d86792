"""With what a run is left that does not come to its end: a checkpoint, where there can be one."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from bsgrow.errors import BsgrowError
from bsgrow.text.command import resume_command
from bsgrow.training.checkpoint.checkpointing import Checkpointing
from bsgrow.training.decisions import Decisions, Vote
from bsgrow.training.device import ends_within
from bsgrow.training.divergence import DivergedRunError
from bsgrow.training.emergency import InterruptedRunError
from bsgrow.training.events.failures import RunLeft
from bsgrow.training.events.log import EventLog
from bsgrow.training.group.process_group import LostProcessError
from bsgrow.training.job import Job
from bsgrow.training.planned_world_size import PhaseEndedError
from bsgrow.training.run_directory import RunDirectory
from bsgrow.training.state import State

_SECONDS_TO_END = 2.0  # for the device


@contextmanager
def saved_at_a_failure(
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


def leave(
    job: Job, state: State, directory: RunDirectory, checkpointing: Checkpointing, log: EventLog
) -> BsgrowError:
    """Write the state after the last finished update, from another thread than the main one.

    That one changes nothing meanwhile, as whoever calls this holds the lock of the state. Nothing
    is written where the device does not end what it was given, as a sum that waits for a process
    that is gone.
    """
    if not ends_within(job.device, _SECONDS_TO_END):
        checkpointing.wait()
        return InterruptedRunError(
            f"stopped at once: {job.device} did not end its work within {_SECONDS_TO_END:g} s"
        )
    with suppress(DivergedRunError):  # the state is then that before
        state.take_refused_back(job)
    for saved in checkpointing.save_at_once():
        log.write(saved)
    stopped = interrupted(job, state, directory)
    log.write(_left(stopped, state))
    return stopped


@contextmanager
def logged_end(log: EventLog, state: State) -> Iterator[None]:
    """Log why a run is left before its end, last of all."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        log.write(_left(error, state))
        raise


def _left(error: BaseException, state: State) -> RunLeft:
    return RunLeft(state.num_updates, _kind_of(error), str(error) or type(error).__name__)


def _kind_of(error: BaseException) -> Literal["stopped", "diverged", "failed"]:
    if isinstance(error, DivergedRunError):
        return "diverged"
    is_asked = isinstance(error, InterruptedRunError | PhaseEndedError | KeyboardInterrupt)
    return "stopped" if is_asked else "failed"


def interrupted(job: Job, state: State, directory: RunDirectory) -> InterruptedRunError:
    """Return the error of a run that was asked to stop, once its checkpoint is written."""
    return InterruptedRunError(
        f"stopped after update {state.num_updates} of {job.plan.num_updates}; "
        "a checkpoint is written",
        hint=f"go on with: {resume_command(directory.path)}",
    )
