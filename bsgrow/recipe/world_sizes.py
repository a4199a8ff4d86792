"""Over how many processes each phase of a plan is to run, and where that number changes."""

from bisect import bisect_right
from dataclasses import dataclass

from bsgrow.errors import InputError
from bsgrow.recipe.config import Recipe
from bsgrow.schedule import Plan
from bsgrow.text.command import setting

_LARGEST = 2**30  # the largest power of two that a recipe may say
_LISTED = 20  # world sizes that a hint writes out


@dataclass(frozen=True, slots=True)
class WorldSizeChange:
    """Where a plan goes on at another world size.

    Attributes:
        update_index: of the first update that is made at it.
        world_size: number of processes from there on.
    """

    update_index: int
    world_size: int


def world_sizes(plan: Plan, recipe: Recipe) -> tuple[int, ...]:
    """Return the number of processes of each phase, as ``run.world_sizes`` says.

    A list is taken as it is, and without either every phase has ``run.world_size``. ``"auto"``
    takes the largest power of two, or ``run.max_world_size`` where that is smaller, at which an
    update still has ``run.min_samples_per_device`` samples for each process, and a whole ghost
    batch; at least 1.

    Args:
        plan: its phases.
        recipe: that it was compiled from, as ``make_planned`` returns it.

    Raises:
        InputError: the list has not one number for each phase.
    """
    run = recipe.run
    if run.world_sizes == "auto":
        return _automatic(plan, recipe)
    if run.world_sizes is None:
        return (run.world_size,) * len(plan.phases)
    if len(run.world_sizes) != len(plan.phases):
        num, num_phases = len(run.world_sizes), len(plan.phases)
        phases = "1 phase" if num_phases == 1 else f"{num_phases} phases"
        automatic = list(_automatic(plan, recipe))
        instead = automatic if num_phases <= _LISTED else "auto"
        raise InputError(
            f"run.world_sizes: has {num} number{'s' * (num > 1)}, and the plan has {phases}",
            hint=f"one number a phase, such as {setting('run.world_sizes', instead)}",
        )
    return run.world_sizes


def world_size_at(plan: Plan, recipe: Recipe, update_index: int) -> int:
    """Return the number of processes that an update is planned for.

    Raises:
        IndexError: there is no such update.
        InputError: as ``world_sizes``.
    """
    return world_sizes(plan, recipe)[_phase_of(plan, update_index)]


def next_world_size_change(plan: Plan, recipe: Recipe, update_index: int) -> WorldSizeChange | None:
    """Return where the plan first goes on at another world size than that of an update.

    The updates from ``update_index`` up to the change, which is not among them, are planned for
    the same number of processes; None where all are to the end of the run.

    Args:
        plan: its phases.
        recipe: that it was compiled from.
        update_index: of the update that is made next.

    Raises:
        IndexError: there is no such update.
        InputError: as ``world_sizes``.
    """
    sizes, current = world_sizes(plan, recipe), _phase_of(plan, update_index)
    for phase, size in zip(plan.phases[current:], sizes[current:], strict=True):
        if size != sizes[current]:
            return WorldSizeChange(phase.first_index, size)
    return None


def _automatic(plan: Plan, recipe: Recipe) -> tuple[int, ...]:
    floor = max(recipe.min_samples_per_device, recipe.ghost_batch_size)
    limit = recipe.run.max_world_size or _LARGEST
    return tuple(_largest(phase.global_batch_size // floor, limit) for phase in plan.phases)


def _largest(enough: int, limit: int) -> int:
    """Return the limit, or below it the largest power of two that there are enough samples for."""
    return limit if enough >= limit else 1 << max(enough.bit_length() - 1, 0)


def _phase_of(plan: Plan, update_index: int) -> int:
    if not 0 <= update_index < plan.num_updates:
        raise IndexError(f"update {update_index} of a plan of {plan.num_updates}")
    return bisect_right(plan.phases, update_index, key=lambda phase: phase.first_index) - 1
