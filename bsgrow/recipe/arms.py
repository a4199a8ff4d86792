"""The arms of an experiment: one recipe, spent in different ways."""

from collections.abc import Callable
from dataclasses import asdict, replace

from bsgrow.recipe.config import Recipe
from bsgrow.recipe.identity import changed_keys
from bsgrow.recipe.origins import forget
from bsgrow.recipe.reading import recipe_from_table
from bsgrow.schedule import Growth
from bsgrow.validation.registry import Registry


def _decay(growth: Growth) -> Growth:
    """The run as published: no growth, no scaling."""
    return Growth(mode="decay", rescale=growth.rescale)


def _hybrid(growth: Growth) -> Growth:
    """The first decay in batch size, the rest in the learning rate."""
    return replace(growth, mode="hybrid")


def _grow(growth: Growth) -> Growth:
    """Every decay in batch size, as the recipe says."""
    return replace(growth, mode="grow")


ARMS: Registry[Callable[[Growth], Growth]] = Registry(
    "arm", ("decay", _decay), ("hybrid", _hybrid), ("grow", _grow)
)


def make_arm(recipe: Recipe, arm: str, seed: int) -> Recipe:
    """Return the recipe of one arm and seed.

    Raises:
        InputError: there is no such arm, or the seed is out of range.
    """
    change = ARMS.find(arm, f"--arms {arm}")
    table = recipe.model_dump(mode="json")
    growth = change(recipe.growth)
    table["growth"] = asdict(growth)
    if growth != recipe.growth and recipe.run.world_sizes != "auto":
        table["run"]["world_sizes"] = None  # a list is of the recipe's own phases
    table["run"]["seed"] = seed
    changed = changed_keys(recipe, recipe_from_table(table))
    return recipe_from_table(forget(table, changed))
