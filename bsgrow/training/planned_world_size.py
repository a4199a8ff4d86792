"""A world size for each phase of a plan: a phase ends where the next one has another."""

from dataclasses import replace

from bsgrow.errors import BsgrowError, InputError
from bsgrow.recipe import Recipe
from bsgrow.recipe.world_sizes import WorldSizeChange, next_world_size_change, world_size_at
from bsgrow.schedule import Plan
from bsgrow.text.command import Command
from bsgrow.training.checkpoint.checkpointing import Checkpointing
from bsgrow.training.run_directory import RunDirectory


class PhaseEndedError(BsgrowError):
    """The run goes on at another world size; a checkpoint was written.

    Attributes:
        world_size: number of processes from here on.
    """

    exit_code = 3

    def __init__(self, num_updates: int, num_in_all: int, world_size: int) -> None:
        super().__init__(
            f"a phase has ended with update {num_updates} of {num_in_all}, and a checkpoint is "
            f"written; the next one is planned for {_processes(world_size)}"
        )
        self.world_size = world_size


class OtherWorldSizeError(InputError):
    """The run has another number of processes than it is planned for.

    Attributes:
        world_size: the number that is planned.
    """

    def __init__(self, key: str, planned: int, actual: int, instead: str) -> None:
        super().__init__(
            f"{key}: planned for {_processes(planned)} now, and this run has {_processes(actual)}",
            hint=f"start it with `{start_with(planned, Command(('train',)))} …`, {instead}",
        )
        self.world_size = planned


def start_with(world_size: int, command: Command) -> Command:
    """Return a command that starts so many processes, on one machine."""
    launcher = ("torchrun", "--nproc-per-node", str(world_size)) if world_size > 1 else ()
    return replace(command, launcher=launcher)


def planned_world_size(recipe: Recipe, plan: Plan, num_updates: int) -> int | None:
    """Return how many processes a run is planned for after some updates; None if that is free."""
    if recipe.run.world_sizes is None or num_updates >= plan.num_updates:
        return None
    return world_size_at(plan, recipe, num_updates)


def require_planned_world_size(
    recipe: Recipe, plan: Plan, num_updates: int, world_size: int
) -> None:
    """Check the number of processes of a run that has made some updates.

    Raises:
        OtherWorldSizeError: it is planned for another.
    """
    planned = planned_world_size(recipe, plan, num_updates)
    if planned not in (None, world_size):
        instead = "or leave run.world_sizes out, and it takes as many as it is started with"
        raise OtherWorldSizeError("run.world_sizes", planned, world_size, instead)
    wanted = recipe.run.world_size
    if recipe.run.world_sizes is None and wanted not in (1, world_size):
        instead = "or leave run.world_size out, and it takes as many as it is started with"
        raise OtherWorldSizeError(f"run.world_size = {wanted}", wanted, world_size, instead)


def next_change(recipe: Recipe, plan: Plan, num_updates: int) -> WorldSizeChange | None:
    """Return where a run that has made some updates ends for another world size, if it does."""
    if planned_world_size(recipe, plan, num_updates) is None:
        return None
    return next_world_size_change(plan, recipe, num_updates)


def end_phase(
    checkpointing: Checkpointing, directory: RunDirectory, change: WorldSizeChange
) -> None:
    """Leave what a launcher starts the next phase by: a checkpoint, and its world size."""
    checkpointing.finish()
    if directory.rank == 0:
        directory.write_world_size(change.world_size)


def _processes(number: int) -> str:
    return "1 process" if number == 1 else f"{number} processes"
