"""The recipe of a run that was begun, maybe before some keys came."""

from dataclasses import replace

from bsgrow.recipe.config import Recipe
from bsgrow.recipe.identity import LATER_KEYS
from bsgrow.recipe.inheritance import read_inherited
from bsgrow.recipe.reading import load_recipe
from bsgrow.schedule.config import RESCALED

_KEY = "growth.rescale"
"""The one key of ``LATER_KEYS`` whose default is not what all runs had before it came."""


def load_begun(path: str) -> Recipe:
    """Read the recipe in a run's directory, which says all that its default is not off.

    One from before ``growth.rescale`` moves what was moved then. Raises as ``load_recipe``.
    """
    return load_recipe(path, values={} if _says_what_moves(path) else {_KEY: LATER_KEYS[_KEY]})


def as_begun(recipe: Recipe, path: str) -> Recipe:
    """Return a recipe that goes on with the run whose own is at a path.

    Where that is from before ``growth.rescale``, the default of it gives way. Raises as
    ``load_recipe``.
    """
    if _says_what_moves(path) or recipe.growth.rescale != RESCALED:
        return recipe
    growth = replace(recipe.growth, rescale=LATER_KEYS[_KEY])
    return recipe.model_copy(update={"growth": growth})


def _says_what_moves(path: str) -> bool:
    table, _, key = _KEY.partition(".")
    return key in read_inherited(path).get(table, {})
