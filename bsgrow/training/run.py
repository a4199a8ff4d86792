"""One run from recipe to summary, new or gone on with."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

import torch

from bsgrow.errors import InputError
from bsgrow.processes.launched import is_launched
from bsgrow.recipe import OpenedData, Planned, Recipe, load_recipe, make_planned, resolve
from bsgrow.training.alike import require_alike
from bsgrow.training.compiled import count_micro_batches, sizes_to_compile
from bsgrow.training.decisions import Decisions
from bsgrow.training.device import resolve_device
from bsgrow.training.divergence import require_finite_loss
from bsgrow.training.events import Event, RunFinished
from bsgrow.training.job import Job, prepare
from bsgrow.training.loaders import with_decoder
from bsgrow.training.loop import train_job
from bsgrow.training.memory import explaining_memory
from bsgrow.training.process_group import ALONE, ProcessGroup
from bsgrow.training.run_directory import RunDirectory
from bsgrow.training.shared_folder import require_shared
from bsgrow.training.state import State
from bsgrow.training.stopwatch import Stopwatch

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

    Raises:
        InputError: the directory holds another run, or none to resume.
        DivergedRunError: the loss or the weights of the run were not finite, now or when it ended.
        BsgrowError: as ``prepare`` and ``train_job``.
    """
    decisions = Decisions(group)
    begun = decisions.together(partial(_look, recipe, directory, resume, opened, group))
    if begun.finished is not None:
        return begun.finished
    with explaining_memory(begun.recipe.micro_batch_size), ExitStack() as stack:
        group.open(begun.device, begun.recipe.run.timeout_seconds)
        job = decisions.together(
            partial(prepare, begun.recipe, begun.planned.plan, begun.planned.dataset, group)
        )
        require_alike(job)
        state = decisions.together(partial(_warmed_up, job))
        decisions.together(partial(_begin, job, directory, resume, stack))
        require_shared(group, directory.path)
        return train_job(job, state, directory, on_event=on_event, should_stop=should_stop)


class _Begun(NamedTuple):
    """What is known of a run before its data is read; the summary of one that is finished."""

    recipe: Recipe
    planned: Planned
    device: torch.device
    finished: RunFinished | None


def _look(
    recipe: Recipe,
    directory: RunDirectory,
    resume: bool,
    opened: OpenedData | None,
    group: ProcessGroup,
) -> _Begun:
    planned = make_planned(recipe, opened)
    recipe = resolve(planned.recipe, torch.get_num_threads())
    _check_world_size(recipe, group.world_size)
    finished = None
    if resume:
        directory.check_same_run(recipe)
        if (finished := directory.read_summary()) is not None:
            require_finite_loss(finished.test_loss, "test loss", finished.num_updates)
    else:
        directory.require_new()
    recipe = with_decoder(recipe, load_recipe(directory.find_recipe()) if resume else recipe)
    device = resolve_device(recipe.run.device, local_rank=group.local_rank)
    return _Begun(recipe, planned, device, finished)


def _check_world_size(recipe: Recipe, world_size: int) -> None:
    wanted = recipe.run.world_size
    if wanted not in (1, world_size):
        processes = "1 process" if world_size == 1 else f"{world_size} processes"
        raise InputError(
            f"run.world_size = {wanted}: this run has {processes}",
            hint=f"start it with `torchrun --nproc-per-node {wanted} -m bsgrow train …`, or leave "
            "run.world_size out, and it takes as many as it is started with",
        )


def _warmed_up(job: Job) -> State:
    """Return the initial state; what it takes to compile comes before the clock of the run."""
    state = State.initial(job)
    counts = count_micro_batches(job.plan, job.share, job.micro_batch_size)
    state.warm_up(job, sizes_to_compile(counts))
    state.stopwatch = Stopwatch()
    return state


def _begin(job: Job, directory: RunDirectory, resume: bool, stack: ExitStack) -> None:
    """Take the directory, which rank 0 does for all."""
    if job.group.rank == 0:
        directory.make()
        seconds = _SECONDS_TO_END if resume and is_launched() else 0.0
        stack.enter_context(directory.locked(seconds))
        if not resume:
            directory.create(job.recipe)
