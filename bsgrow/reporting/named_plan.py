"""A plan beside others: what the user calls it, and what it comes of."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from bsgrow.data import Dataset
from bsgrow.recipe import OpenedData, Recipe, make_planned
from bsgrow.schedule import Plan
from bsgrow.text.printable import printable


@dataclass(frozen=True)
class NamedPlan:
    """A plan beside others.

    Attributes:
        name: what the user calls it.
        recipe: that it is compiled from.
        plan: the compiled schedule.
        notes: what was fitted, in sentences.
        dataset: the samples, where they were opened.
    """

    name: str
    recipe: Recipe
    plan: Plan
    notes: tuple[str, ...] = ()
    dataset: Dataset | None = None

    @cached_property
    def gradient_bytes(self) -> int:
        """Size of the gradient of the recipe's model; imports torch, see ``gradient_size``."""
        from bsgrow.reporting.gradient_size import gradient_bytes

        return gradient_bytes(self.recipe, self.dataset)


def compile_named(recipes: Iterable[tuple[str, Recipe]]) -> list[NamedPlan]:
    """Compile recipes under their names; what several of them read is opened once.

    Raises:
        InputError: the number of samples of one is not known, or its values do not fit each other.
    """
    opened = OpenedData()
    planned = [(name, make_planned(recipe, opened)) for name, recipe in recipes]
    return [
        NamedPlan(printable(name), each.recipe, each.plan, each.notes, each.dataset)
        for name, each in planned
    ]
