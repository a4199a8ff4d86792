"""A recipe as Python is given it: by name, by path, or read already."""

from collections.abc import Iterable
from pathlib import Path

from bsgrow.errors import InputError
from bsgrow.recipe.config import Recipe
from bsgrow.recipe.reading import load_recipe


def given_recipe(recipe: Recipe | str | Path, overrides: Iterable[str] = ()) -> Recipe:
    """Return the recipe that is meant, which is read unless it was.

    Args:
        recipe: a shipped name, a path to a TOML file, or what ``load_recipe`` returned.
        overrides: ``key=value`` with a dotted key, of a recipe that is read.

    Raises:
        InputError: it cannot be read, or there are overrides of one that was read already.
    """
    words = [] if isinstance(overrides, str) else list(overrides)
    if isinstance(overrides, str) or not all(isinstance(word, str) for word in words):
        raise InputError(
            "overrides: expected a list of texts, key=value each",
            hint='["schedule.epochs=10", "run.seed=1"]',
        )
    if not isinstance(recipe, Recipe | str | Path):
        raise InputError(
            f"recipe: expected a name, a path or a Recipe, got {type(recipe).__name__}"
        )
    if not isinstance(recipe, Recipe):
        return load_recipe(str(recipe), words)
    if words:
        raise InputError(
            "overrides: change a recipe that is given by name or path, not one that was read",
            hint="give its name or path instead, or the overrides where it is read",
        )
    return recipe
