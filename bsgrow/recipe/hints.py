"""What a key of the recipe means, said by its own documentation."""

import re

from bsgrow.recipe.config import Recipe
from bsgrow.recipe.section import table_type
from bsgrow.validation.documentation import first_sentence, texts_under_names

_KEY = re.compile(r"([a-z_]+)(?:\.([A-Za-z_]+))?(?![\w.])")


def key_hint(message: str) -> str | None:
    """Return the first sentence on the key that a message begins with; None where there is none.

    Args:
        message: of an error in a recipe, which begins with a key such as ``growth.factor``.
    """
    found = _KEY.match(message)
    if found is None or found[1] not in Recipe.model_fields:
        return None
    table, name = found.groups()
    text = texts_under_names(table_type(Recipe, table) if name else Recipe).get(name or table)
    return f"{name or table}: {first_sentence(text)}" if text else None
