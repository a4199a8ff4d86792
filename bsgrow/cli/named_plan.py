"""The plans that one command is about, compiled from what the user wrote."""

from collections.abc import Sequence
from dataclasses import dataclass

from bsgrow.recipe import Recipe, load_recipe, plan_recipe, schedule_recipe
from bsgrow.schedule import Plan

_UNNAMED = "plan"


@dataclass(frozen=True)
class NamedPlan:
    """A plan, the recipe that it is compiled from, and what the user calls it."""

    name: str
    recipe: Recipe
    plan: Plan


def named_plans(
    recipes: Sequence[str], written: Sequence[str], overrides: Sequence[str]
) -> list[NamedPlan]:
    """Compile the recipes that are named; raises InputError for what is wrong with them.

    Args:
        recipes: names or paths.
        written: overrides that the options of the schedule write.
        overrides: those of ``--set``, which have the last word.
    """
    loaded = named_recipes(recipes, written, overrides)
    return [NamedPlan(name, recipe, plan_recipe(recipe)) for name, recipe in loaded]


def named_recipes(
    recipes: Sequence[str], written: Sequence[str], overrides: Sequence[str]
) -> list[tuple[str, Recipe]]:
    """Return the recipes that are named, or the one that the options write without any."""
    settings = [*written, *overrides]
    if not recipes and written:
        return [(_UNNAMED, schedule_recipe(settings))]
    return [(name, load_recipe(name, settings)) for name in recipes or ["digits"]]
