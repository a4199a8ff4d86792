"""The arms of an experiment: one recipe, spent in different ways."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from types import MappingProxyType

from bsgrow.errors import InputError, did_you_mean
from bsgrow.recipe.config import Recipe
from bsgrow.recipe.reading import recipe_from_table
from bsgrow.schedule import Growth


def _decay(growth: Growth) -> Growth:
    """The run as published: no growth, no scaling."""
    return Growth(mode="decay")


def _hybrid(growth: Growth) -> Growth:
    """The first decay in batch size, the rest in the learning rate."""
    return replace(growth, mode="hybrid")


def _grow(growth: Growth) -> Growth:
    """Every decay in batch size, as the recipe says."""
    return replace(growth, mode="grow")


ARMS: Mapping[str, Callable[[Growth], Growth]] = MappingProxyType(
    {"decay": _decay, "hybrid": _hybrid, "grow": _grow}
)


def make_arm(recipe: Recipe, arm: str, seed: int) -> Recipe:
    """Return the recipe of one arm and seed.

    Raises:
        InputError: there is no such arm, or the seed is out of range.
    """
    if arm not in ARMS:
        raise InputError(f"--arms {arm}: no such arm", did_you_mean(arm, ARMS))
    table = recipe.model_dump(mode="json")
    table["growth"] = asdict(ARMS[arm](recipe.growth))
    table["run"]["seed"] = seed
    return recipe_from_table(table)
