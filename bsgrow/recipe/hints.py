"""What a key of the recipe means, said by its own documentation."""

import re
from functools import cache

from pydantic import TypeAdapter

from bsgrow.recipe.config import Recipe
from bsgrow.recipe.section import table_type

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
    text = _descriptions(table).get(name) if name else Recipe.model_fields[table].description
    return f"{name or table}: {_first_sentence(text)}" if text else None


@cache
def _descriptions(table: str) -> dict[str, str]:
    """Return the documentation of the keys of a table."""
    properties = TypeAdapter(table_type(Recipe, table)).json_schema()["properties"]
    return {name: about.get("description", "") for name, about in properties.items()}


def _first_sentence(text: str) -> str:
    return " ".join(text.split()).partition(". ")[0].rstrip(".").replace("``", "`")
