"""How a run takes up where it was stopped."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from bsgrow.errors import BsgrowError
from bsgrow.training.checkpoint.checkpoint import newest_checkpoint
from bsgrow.training.checkpoint.folder import Skipped
from bsgrow.training.decisions import Decisions
from bsgrow.training.events.events import CheckpointSkipped
from bsgrow.training.events.log import truncate_after
from bsgrow.training.group.process_group import from_rank_0
from bsgrow.training.job import Job
from bsgrow.training.planned_world_size import planned_world_size, require_planned_world_size
from bsgrow.training.run_directory import RunDirectory
from bsgrow.training.state import State


def restore(
    job: Job, state: State, directory: RunDirectory, decisions: Decisions
) -> list[CheckpointSkipped]:
    """Take the state of the newest whole checkpoint, if there is one; say which do not count.

    Rank 0 looks which that is, and all take it.

    Raises:
        OtherWorldSizeError: the run is planned for another number of processes now.
        BsgrowError: no checkpoint is whole, or it is of another run.
        EndedElsewhereError: another process cannot take it.
    """
    found = decisions.together(partial(_newest, job, state, directory))
    path, skipped = from_rank_0(job.group, found)
    decisions.together(partial(_take, path, job, state, directory))
    return [CheckpointSkipped(state.num_updates, *each) for each in skipped]


def _newest(
    job: Job, state: State, directory: RunDirectory
) -> tuple[str | None, list[tuple[str, str]]]:
    """Return the newest whole checkpoint, and which do not count and why; begin the plan."""
    if job.group.rank != 0:
        return None, []
    parts = (state.model, state.optimizer, state.averaged_model)
    newest = newest_checkpoint(directory.checkpoints, job.plan, *parts)
    if newest.path is None and any(skipped.was_whole for skipped in newest.skipped):
        raise _all_damaged(newest.skipped)
    if not directory.plan.exists():
        directory.write_plan(job.plan)
    path = None if newest.path is None else str(newest.path)
    return path, [(str(each.path), each.reason) for each in newest.skipped]


def _take(path: str | None, job: Job, state: State, directory: RunDirectory) -> None:
    if path is not None:
        state.restore(Path(path), job)
    truncate_after(directory.events, state.num_updates)
    planned = planned_world_size(job.recipe, job.plan, state.num_updates)
    if planned is not None and job.group.rank == 0:
        directory.write_world_size(planned)
    require_planned_world_size(job.recipe, job.plan, state.num_updates, job.group.world_size)


def _all_damaged(skipped: Iterable[Skipped]) -> BsgrowError:
    reasons = "; ".join(f"{each.path}: {each.reason}" for each in skipped)
    return BsgrowError(
        f"no checkpoint of the run is whole: {reasons}",
        hint="put a copy of one back, or start anew with another --out",
    )
