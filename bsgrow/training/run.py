"""One run from recipe to summary, new or gone on with."""

from collections.abc import Callable

import torch

from bsgrow.recipe import OpenedData, Recipe, load_recipe, make_planned, resolve
from bsgrow.stream import Share
from bsgrow.training.compiled import count_micro_batches, sizes_to_compile
from bsgrow.training.divergence import require_finite_loss
from bsgrow.training.events import Event, RunFinished
from bsgrow.training.job import prepare
from bsgrow.training.loaders import with_decoder
from bsgrow.training.loop import train_job
from bsgrow.training.memory import explaining_memory
from bsgrow.training.run_directory import RunDirectory
from bsgrow.training.state import State


def carry_out(
    recipe: Recipe,
    directory: RunDirectory,
    *,
    resume: bool,
    on_event: Callable[[Event], None],
    should_stop: Callable[[], bool],
    opened: OpenedData | None = None,
) -> RunFinished:
    """Carry out a recipe in a directory; a run that is finished is not made again.

    Everything that can fail for want of data, device or model fails before anything is written.

    Args:
        recipe: as written; what it leaves open is resolved, and kept in the directory.
        directory: a new one, or on resume that of the run.
        resume: go on with the run in the directory; False starts a new one.
        on_event: called with each event after it was logged.
        should_stop: as ``train_job`` has it.
        opened: the data of a command that carries out several recipes.

    Raises:
        InputError: the directory holds another run, or none to resume.
        DivergedRunError: the loss or the weights of the run were not finite, now or when it ended.
        BsgrowError: as ``prepare`` and ``train_job``.
    """
    planned = make_planned(recipe, opened)
    recipe, plan = resolve(planned.recipe, torch.get_num_threads()), planned.plan
    if resume:
        directory.check_same_run(recipe)
        if (finished := directory.read_summary()) is not None:
            require_finite_loss(finished.test_loss, "test loss", finished.num_updates)
            return finished
    else:
        directory.require_new()
    recipe = with_decoder(recipe, load_recipe(directory.find_recipe()) if resume else recipe)
    with explaining_memory(recipe.micro_batch_size):
        job = prepare(recipe, plan, planned.dataset)
        state = State.initial(job)
        counts = count_micro_batches(plan, Share(), recipe.micro_batch_size)
        state.warm_up(job, sizes_to_compile(counts))
        directory.make()
        with directory.locked():
            if not resume:
                directory.create(recipe)
            return train_job(job, state, directory, on_event=on_event, should_stop=should_stop)
