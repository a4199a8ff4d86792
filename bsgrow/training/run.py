"""One run from recipe to summary, new or gone on with."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from threading import Lock
from typing import NamedTuple

import torch

from bsgrow.errors import BsgrowError
from bsgrow.files.atomic import write_json
from bsgrow.loading.lost_workers import telling_lost_workers
from bsgrow.loggers.registry import MakeLogger
from bsgrow.processes.launched import is_by_torchrun, is_launched
from bsgrow.processes.parent import name_of_parent
from bsgrow.recipe import OpenedData, Planned, Recipe, make_planned, resolve
from bsgrow.text.command import resume_command
from bsgrow.training.alike import require_alike
from bsgrow.training.checkpoint.keeping import whole_checkpoints
from bsgrow.training.compiled import count_micro_batches, sizes_to_compile
from bsgrow.training.decisions import Decisions
from bsgrow.training.device import resolve_device
from bsgrow.training.divergence import require_finite_loss
from bsgrow.training.emergency import Emergency, InterruptedRunError
from bsgrow.training.events.events import Event, RunFinished
from bsgrow.training.group.process_group import ALONE, ProcessGroup
from bsgrow.training.job import Job, prepare
from bsgrow.training.loaders import with_decoder
from bsgrow.training.loop import train_job
from bsgrow.training.measuring import find_micro_batch_size
from bsgrow.training.memory import explaining_memory
from bsgrow.training.micro_batch_size import with_found_size
from bsgrow.training.origin import origin_of
from bsgrow.training.planned_world_size import require_planned_world_size
from bsgrow.training.run_directory import RunDirectory
from bsgrow.training.run_loggers import load_loggers, logging_to
from bsgrow.training.run_record import record_of, require_known_format, write_record
from bsgrow.training.shared_folder import require_shared
from bsgrow.training.state import State
from bsgrow.training.stopwatch import Stopwatch
from bsgrow.training.user_code import record_code, tell_changed_code
from bsgrow.user_code.errors import telling_errors_of

_SECONDS_TO_END = 15.0  # that the processes of a launcher that was killed take at most


def carry_out(
    recipe: Recipe,
    directory: RunDirectory,
    *,
    resume: bool,
    on_event: Callable[[Event], None],
    should_stop: Callable[[], bool],
    opened: OpenedData | None = None,
    group: ProcessGroup = ALONE,
    emergency: Emergency | None = None,
) -> RunFinished:
    """Carry out a recipe in a directory; a run that is finished is not made again.

    Everything that can fail for want of data, device or model fails before anything is written. All
    processes of the group do this at the same time; what fails on one ends it on all.

    Args:
        recipe: as written; what it leaves open is resolved, and kept in the directory.
        directory: a new one, or on resume that of the run.
        resume: go on with the run in the directory; False starts a new one.
        on_event: called with each event after it was logged.
        should_stop: as ``train_job`` has it.
        opened: the data of a command that carries out several recipes.
        group: the processes that carry it out.
        emergency: told how to leave the run from another thread, once its data is read: begun, so
            that it can be resumed, and with a checkpoint from the first update on.

    Raises:
        InputError: the directory holds another run, or none to resume.
        DivergedRunError: the loss or the weights of the run were not finite, now or when it ended.
        UserCodeError: code of the user raised an error.
        BsgrowError: as ``prepare`` and ``train_job``.
    """
    decisions, emergency, beginning = Decisions(group), emergency or Emergency(), Lock()
    begun = decisions.together(partial(_look, recipe, directory, resume, opened, group))
    if begun.finished is not None:
        return begun.finished
    with (
        telling_errors_of((recipe.model.name, recipe.data.name)),
        telling_lost_workers(recipe.data.name),
        explaining_memory(begun.recipe.micro_batch_size),
        ExitStack() as stack,
    ):
        group.open(begun.device, begun.recipe.run.timeout_seconds)
        job = _prepared(begun, group, decisions)
        emergency.prepare(beginning, partial(_leave, job, directory), waits=False)
        goes_on = resume and bool(whole_checkpoints(directory.checkpoints))
        state = _first_state(job, goes_on, decisions)
        launchers = group.gather(name_of_parent()) if is_by_torchrun() else []
        with beginning:
            decisions.together(partial(_begin, job, directory, resume, launchers, stack))
        decisions.together(partial(require_shared, group, directory.path))
        logging = logging_to(begun.loggers, job, directory.path, on_event)
        return train_job(
            *(job, state, directory),
            on_event=stack.enter_context(logging),
            should_stop=should_stop,
            emergency=emergency,
        )


class _Begun(NamedTuple):
    """What is known of a run before its data is read; the summary of one that is finished."""

    recipe: Recipe
    planned: Planned
    device: torch.device
    finished: RunFinished | None
    loggers: dict[str, MakeLogger]


def _look(
    recipe: Recipe,
    directory: RunDirectory,
    resume: bool,
    opened: OpenedData | None,
    group: ProcessGroup,
) -> _Begun:
    planned = make_planned(recipe, opened or OpenedData(runs_code=True))
    recipe = resolve(planned.recipe, torch.get_num_threads())
    finished = None
    if resume:
        require_known_format(directory)
        recipe = directory.as_begun(recipe)
        directory.check_same_run(recipe)
        if (finished := directory.read_summary()) is not None:
            require_finite_loss(finished.test_loss, "test loss", finished.num_updates)
    else:
        directory.require_new()
        require_planned_world_size(recipe, planned.plan, 0, group.world_size)
    recorded = directory.read_recipe() if resume else recipe
    recipe = with_found_size(with_decoder(recipe, recorded), recorded)
    device = resolve_device(recipe.run.device, local_rank=group.local_rank)
    loggers = {} if finished else load_loggers(recipe, group.rank)
    return _Begun(recipe, planned, device, finished, loggers)


def _prepared(begun: _Begun, group: ProcessGroup, decisions: Decisions) -> Job:
    """Read the data and choose the device; all processes have the same afterwards."""
    planned = begun.planned
    job = decisions.together(partial(prepare, begun.recipe, planned.plan, planned.dataset, group))
    decisions.together(partial(require_alike, job))
    return job


def _first_state(job: Job, goes_on: bool, decisions: Decisions) -> State:
    """Return the state before the first update, of a size of micro-batch that fits, compiled."""
    state = decisions.together(partial(State.initial, job, goes_on=goes_on))
    find_micro_batch_size(job, state, decisions)
    decisions.together(partial(_warm_up, job, state))
    return state


def _warm_up(job: Job, state: State) -> None:
    """Compile; the clock of the run begins after it."""
    counts = count_micro_batches(job.plan, job.share, job.micro_batch_size)
    state.warm_up(job, sizes_to_compile(counts))
    state.stopwatch = Stopwatch()


def _begin(
    job: Job, directory: RunDirectory, resume: bool, launchers: list[str], stack: ExitStack
) -> None:
    """Take the directory, which rank 0 does for all."""
    if job.group.rank == 0:
        directory.make()
        seconds = _SECONDS_TO_END if resume and is_launched() else 0.0
        stack.enter_context(directory.locked(seconds))
        if launchers:
            directory.write_launchers(launchers)
        if resume:
            tell_changed_code(job.recipe, directory)
        else:
            directory.require_new()
            record_code(job.recipe, directory)
            write_json(directory.origin, asdict(origin_of(job)))
            write_record(directory, record_of(job.dataset, job.recipe.images))
            directory.create(job.recipe)


def _leave(job: Job, directory: RunDirectory) -> BsgrowError:
    """Leave a run that can be resumed, before its first update or the next one."""
    if job.group.rank == 0 and not directory.is_begun():
        with ExitStack() as stack:
            _begin(job, directory, False, [], stack)
    return InterruptedRunError(
        "stopped before training began; the run keeps its checkpoints, or begins at its start",
        hint=f"go on with: {resume_command(directory.path)}",
    )
