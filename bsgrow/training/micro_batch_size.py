"""Which size of micro-batch is taken of those that were measured, without measuring anything."""

from collections.abc import Sequence
from typing import NamedTuple

from bsgrow.recipe import Recipe
from bsgrow.schedule import Plan

NEARLY = 0.97
"""Of the highest samples per second: a larger micro-batch that reaches so much is preferred, as it
has fewer sums over ranks to wait for, and timings vary by some per cent."""


class Trial(NamedTuple):
    """A size of micro-batch that was tried.

    Attributes:
        size: samples.
        seconds: of a forward and backward pass; None where it does not fit into memory.
    """

    size: int
    seconds: float | None

    @property
    def samples_per_second(self) -> float:
        """Its throughput; 0 where it does not fit."""
        return self.size / self.seconds if self.seconds else 0.0


def candidates(plan: Plan, ghost_batch_size: int, world_size: int) -> list[int]:
    """Return the sizes to try: 1, 2, 4, … ghost batches, and all that a process has of an update.

    Args:
        plan: of which the largest update counts.
        ghost_batch_size: samples that stay together.
        world_size: processes that share an update.
    """
    largest = max(phase.global_batch_size for phase in plan.phases)
    most = -(-largest // (ghost_batch_size * world_size))
    return [ghost_batch_size * 2**k for k in range((most - 1).bit_length())] + [
        ghost_batch_size * most
    ]


def chosen(trials: Sequence[Trial]) -> int:
    """Return the largest size that is nearly as fast as the fastest; the first where none fits."""
    fastest = max(each.samples_per_second for each in trials)
    if not fastest:
        return trials[0].size
    return max(each.size for each in trials if each.samples_per_second >= NEARLY * fastest)


def described(trials: Sequence[Trial]) -> str:
    """Return what was measured, in a line."""
    return ", ".join(
        f"{each.size}: {each.samples_per_second:.0f}/s" if each.seconds else f"{each.size}: no room"
        for each in trials
    )


def with_found_size(recipe: Recipe, recorded: Recipe) -> Recipe:
    """Return a recipe that leaves its micro-batch open with the size that the run has found."""
    size = recorded.run.micro_batch_size
    if recipe.run.micro_batch_size != "auto" or not isinstance(size, int):
        return recipe
    least = recipe.run.min_samples_per_device or recorded.run.min_samples_per_device
    found = {"micro_batch_size": size, "min_samples_per_device": least}
    return recipe.model_copy(update={"run": recipe.run.model_copy(update=found)})
