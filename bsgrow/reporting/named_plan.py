"""A plan beside others: what the user calls it, and what it comes of."""

from collections.abc import Iterable
from dataclasses import dataclass

from bsgrow.recipe import OpenedData, Recipe, make_planned
from bsgrow.schedule import Plan
from bsgrow.text.printable import printable


@dataclass(frozen=True)
class NamedPlan:
    """A plan, the recipe that it is compiled from, what the user calls it, and what was fitted."""

    name: str
    recipe: Recipe
    plan: Plan
    notes: tuple[str, ...] = ()


def compile_named(recipes: Iterable[tuple[str, Recipe]]) -> list[NamedPlan]:
    """Compile recipes under their names; what several of them read is opened once.

    Raises:
        InputError: the number of samples of one is not known, or its values do not fit each other.
    """
    opened = OpenedData()
    planned = [(name, make_planned(recipe, opened)) for name, recipe in recipes]
    return [
        NamedPlan(printable(name), each.recipe, each.plan, each.notes) for name, each in planned
    ]
