"""What a key of the recipe means, said by its own documentation, and which one was meant."""

import re
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from bsgrow.errors import InputError, did_you_mean
from bsgrow.recipe.config import Recipe
from bsgrow.recipe.inheritance import EXTENDS, UNSET
from bsgrow.recipe.origins import ORIGINS
from bsgrow.recipe.section import table_type
from bsgrow.text.printable import cut
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


def nearest_key(tables: Iterable[Any], key: str) -> str:
    """Return a hint with the key that was meant, which may be one of another table.

    Args:
        tables: in which it stands, the outermost first; none at the top of a file.
        key: that is not there.
    """
    hint = did_you_mean(key, _keys_of(tables))
    if hint.startswith("did you mean"):
        return hint
    others = (name for name in Recipe.model_fields if name not in ORIGINS)
    found = [f'"{name}.{key}"' for name in others if key in _keys_of([name])]
    return f"did you mean {' or '.join(found)}?" if found else hint


def check_sources(recipe: Recipe) -> None:
    """Check that ``[sources]`` speaks of keys that there are.

    Raises:
        InputError: one is not there; the hint has the nearest.
    """
    table = recipe.model_dump(mode="json", exclude={*ORIGINS}) if recipe.sources else {}
    for key in recipe.sources:
        inner: Any = table
        for part in key.split("."):
            if not isinstance(inner, dict):
                break
            if part not in inner:
                message = f"sources.{cut(key)}: is of a key that the recipe does not have"
                raise InputError(message, did_you_mean(part, inner))
            inner = inner[part]


def _keys_of(tables: Iterable[Any]) -> list[str]:
    """Return the keys that a table of the recipe may hold, at its top those of a file."""
    table: Any = Recipe
    for part in tables:
        annotation = getattr(table, "model_fields", {}).get(part)
        table = table_type(table, part) if annotation else None
    if hasattr(table, "model_fields"):
        return [*table.model_fields, *((EXTENDS, UNSET) if table is Recipe else ())]
    return [field.name for field in fields(table)] if hasattr(table, "__dataclass_fields__") else []
