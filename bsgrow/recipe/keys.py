"""Every key of a recipe with its type, default, range, unit and text, for a reference of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bsgrow.recipe.origins import ORIGINS
from bsgrow.recipe.schema import recipe_schema

_BOUNDS = (
    ("exclusiveMinimum", "above"),
    ("minimum", "at least"),
    ("exclusiveMaximum", "below"),
    ("maximum", "at most"),
)
_TYPES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "object": "table",
}


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a recipe.

    Attributes:
        name: dotted, such as ``growth.max_batch_size``.
        type: in words, such as ``whole number or text``; choices stand in quotes.
        default: its value where it is left out; None where it has none.
        range: of a number, such as ``above 0``; empty where there is no bound.
        unit: what a number counts, such as ``samples``; empty where it has none.
        text: what it is.
    """

    name: str
    type: str
    default: object
    range: str
    unit: str
    text: str


def recipe_keys() -> list[Key]:
    """Return every key of a recipe, those of a table after it, in the order of the source.

    Arguments of a model, a curve or a function of the user are none of them.
    """
    return [*_keys(recipe_schema()["properties"], "")]


def _keys(properties: Mapping[str, Any], table: str) -> Iterator[Key]:
    for name, schema in properties.items():
        if not table and name in ORIGINS[1:]:  # which are written by bsgrow
            continue
        key, inner = f"{table}{name}", schema.get("properties", {})
        default = None if inner else schema.get("default")
        text = schema.get("description", "").partition(" Unit: ")[0]
        yield Key(key, _type(schema), default, _range(schema), schema.get("x-unit", ""), text)
        yield from _keys(inner, f"{key}.")


def _type(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(_type, schema["anyOf"])))
    if "enum" in schema or "const" in schema:
        choices = schema.get("enum", [schema.get("const")])
        return " or ".join(f'"{choice}"' for choice in choices)
    if schema.get("type") == "array":
        return f"list, each {_type(schema['items'])}"
    return _TYPES.get(schema.get("type", "object"), "table")


def _range(schema: Mapping[str, Any]) -> str:
    found = [schema, *schema.get("anyOf", [])]
    bounds = ((word, each[key]) for each in found for key, word in _BOUNDS if key in each)
    return ", ".join(f"{word} {value}" for word, value in bounds)
