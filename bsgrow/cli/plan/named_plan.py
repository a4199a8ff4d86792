"""The plans that one command is about, compiled from what the user wrote."""

from collections.abc import Mapping, Sequence

from bsgrow.cli.plan.schedule_options import is_schedule
from bsgrow.recipe import Recipe, load_recipe, schedule_recipe
from bsgrow.reporting.named_plan import NamedPlan, compile_named

_UNNAMED = "plan"


def named_plans(
    recipes: Sequence[str], values: Mapping[str, object], overrides: Sequence[str]
) -> list[NamedPlan]:
    """Compile the recipes that are named; raises InputError for what is wrong with them.

    Args:
        recipes: names or paths.
        values: keys of the recipe that the flags set.
        overrides: those of ``--set``, which have the last word.
    """
    return compile_named(named_recipes(recipes, values, overrides))


def named_recipes(
    recipes: Sequence[str], values: Mapping[str, object], overrides: Sequence[str]
) -> list[tuple[str, Recipe]]:
    """Return the recipes that are named, or the one that the options write without any."""
    if not recipes and is_schedule(values):
        return [(_UNNAMED, schedule_recipe(overrides, values))]
    return [(name, load_recipe(name, overrides, values)) for name in recipes or ["digits"]]
