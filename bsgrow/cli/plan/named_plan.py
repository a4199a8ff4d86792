"""The plans that one command is about, compiled from what the user wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bsgrow.cli.plan.schedule_options import is_schedule
from bsgrow.recipe import OpenedData, Recipe, load_recipe, make_planned, schedule_recipe
from bsgrow.schedule import Plan
from bsgrow.text.printable import printable

_UNNAMED = "plan"


@dataclass(frozen=True)
class NamedPlan:
    """A plan, the recipe that it is compiled from, what the user calls it, and what was fitted."""

    name: str
    recipe: Recipe
    plan: Plan
    notes: tuple[str, ...] = ()


def named_plans(
    recipes: Sequence[str], values: Mapping[str, object], overrides: Sequence[str]
) -> list[NamedPlan]:
    """Compile the recipes that are named; raises InputError for what is wrong with them.

    Args:
        recipes: names or paths.
        values: keys of the recipe that the flags set.
        overrides: those of ``--set``, which have the last word.
    """
    loaded = named_recipes(recipes, values, overrides)
    opened = OpenedData()
    planned = [(name, make_planned(recipe, opened)) for name, recipe in loaded]
    return [
        NamedPlan(printable(name), each.recipe, each.plan, each.notes) for name, each in planned
    ]


def named_recipes(
    recipes: Sequence[str], values: Mapping[str, object], overrides: Sequence[str]
) -> list[tuple[str, Recipe]]:
    """Return the recipes that are named, or the one that the options write without any."""
    if not recipes and is_schedule(values):
        return [(_UNNAMED, schedule_recipe(overrides, values))]
    return [(name, load_recipe(name, overrides, values)) for name in recipes or ["digits"]]
