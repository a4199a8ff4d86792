"""How each batch of a plan divides over numbers of ranks: accumulation, remainders, idle ranks."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bsgrow.recipe import Recipe
from bsgrow.recipe import world_sizes as planned_world_sizes
from bsgrow.schedule import Phase, Plan
from bsgrow.stream import Share, gradient_accumulation_steps


@dataclass(frozen=True, slots=True)
class Division:
    """How one update of a phase is divided over the ranks.

    Attributes:
        world_size: number of ranks.
        gradient_accumulation_steps: micro-batches of the busiest rank.
        whole_ghost_batches: whether the batch is whole ghost batches.
        even: whether every rank has the same number of samples, all in whole ghost batches.
        idle_share: of the time that the busiest rank computes, what all ranks wait on average.
    """

    world_size: int
    gradient_accumulation_steps: int
    whole_ghost_batches: bool
    even: bool
    idle_share: float


def division(global_batch_size: int, ghost: int, micro: int, world_size: int) -> Division:
    """Return how a batch is divided.

    Args:
        global_batch_size: samples of the update.
        ghost: samples per ghost batch; every one is whole on one rank.
        micro: samples per micro-batch.
        world_size: number of ranks.
    """
    first, last = Share(0, world_size, ghost).run(0, global_batch_size)
    return Division(
        world_size,
        gradient_accumulation_steps(global_batch_size, ghost, micro, world_size),
        global_batch_size % ghost == 0,
        global_batch_size % (ghost * world_size) == 0,
        1 - global_batch_size / (world_size * (last - first)),
    )


def divisions(recipe: Recipe, phase: Phase, world_sizes: Sequence[int]) -> list[Division]:
    """Return how the batch of a phase is divided over each number of ranks."""
    ghost, micro = recipe.ghost_batch_size, recipe.micro_batch_size
    return [division(phase.global_batch_size, ghost, micro, size) for size in world_sizes]


def idle_ranks(recipe: Recipe, plan: Plan) -> list[str]:
    """Return a remark on the first batch that is too small for the ranks that the recipe says."""
    ghost, sizes = recipe.ghost_batch_size, planned_world_sizes(plan, recipe)
    for index, (phase, size) in enumerate(zip(plan.phases, sizes, strict=True)):
        num_ghosts = -(-phase.global_batch_size // ghost)
        if size > num_ghosts:
            each = recipe.run.world_sizes is not None
            key = f"run.world_sizes[{index}]" if each else "run.world_size"
            batch = "global batch" if index else "first global batch"
            ghosts = f"{num_ghosts} ghost batch{'es' * (num_ghosts > 1)}"
            return [
                f"{key} = {size}: the {batch} of {phase.global_batch_size} is {ghosts} of {ghost}, "
                f"so that {size - num_ghosts} ranks have no samples in it"
            ]
    return []


def world_size_rows(
    recipe: Recipe, plan: Plan, world_sizes: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """Yield a flat row for each phase and number of ranks."""
    for phase in plan.phases:
        for divided in divisions(recipe, phase, world_sizes):
            yield {
                "start_sample": phase.start_sample,
                "global_batch_size": phase.global_batch_size,
                **asdict(divided),
            }
