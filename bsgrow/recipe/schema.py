"""A JSON schema of recipes, made of the tables that check them and of what stands under each key.

It is of draft 7, which the language servers of editors know for TOML.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from bsgrow.models import MODELS
from bsgrow.recipe.config import ModelConfig, Recipe
from bsgrow.recipe.inheritance import EXTENDS, UNSET
from bsgrow.recipe.section import table_type
from bsgrow.schedule import CURVES
from bsgrow.validation.arguments import keyword_names
from bsgrow.validation.documentation import argument_hint, texts_under_names

Schema = dict[str, Any]

_CURVE = {"$ref": "#/definitions/curve"}
_OWN_CODE = {"type": "string", "pattern": ":", "description": "package.module:function of yours"}
_EXTENDS = "Another recipe, by name or path, whose keys this one takes where it has none of its own"
_UNSET = "Inherited keys that go back to their defaults, such as growth.max_batch_size"


def recipe_schema() -> Schema:
    """Return the JSON schema of a recipe's file.

    Types, defaults and bounds are those that a recipe is read by; descriptions are the texts under
    the keys in the source; ``x-unit`` says what a number counts.
    """
    written = Recipe.model_json_schema()
    tables = {name: _plain(each, written["$defs"]) for name, each in written["properties"].items()}
    needed = {name: tables[name].pop("required", []) for name in written["required"]}
    for name, table in tables.items():
        _describe(table, Recipe, name)
    tables["schedule"]["properties"]["curve"] |= _CURVE
    tables["schedule"]["properties"]["curve"].pop("additionalProperties", None)
    tables["model"] |= _by_name({name: spec.check for name, spec in MODELS.items()}, ModelConfig)
    tables["data"] |= _closed_unless_own(tables["data"]["properties"])
    own = {
        EXTENDS: {"type": "string", "description": _EXTENDS},
        UNSET: {"type": "array", "items": {"type": "string"}, "description": _UNSET},
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "bsgrow recipe",
        "type": "object",
        "properties": own | tables,
        "additionalProperties": False,
        "if": {"not": {"required": [EXTENDS]}},
        "then": {
            "required": [*needed],
            "properties": {name: {"required": keys} for name, keys in needed.items()},
        },
        "definitions": {"curve": _curve()},
    }


def _plain(schema: Any, definitions: Mapping[str, Schema]) -> Schema:
    """Return a schema with what it refers to in its place, and without null, which TOML lacks."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]] | schema
    kept = {key: schema[key] for key in schema.keys() - {"title", "$ref", "description"}}
    if kept.get("default", 0) is None:
        del kept["default"]
    for key in {"items", "additionalProperties"} & kept.keys():
        if isinstance(kept[key], dict):
            kept[key] = _plain(kept[key], definitions)
    if "properties" in kept:
        inner = kept["properties"].items()
        kept["properties"] = {name: _plain(each, definitions) for name, each in inner}
    if "prefixItems" in kept:
        kept["items"] = kept.pop("prefixItems")[0]  # all are of one type
    kinds = [_plain(each, definitions) for each in kept.pop("anyOf", [])]
    kinds = [kind for kind in kinds if kind.get("type") != "null"]
    return kept | (kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {})


def _describe(schema: Schema, owner: type, name: str) -> None:
    """Put what stands under a key into its schema, and into those of the keys in it."""
    schema["description"] = _text(texts_under_names(owner).get(name, ""), schema.get("x-unit"))
    if "properties" in schema:
        table = table_type(Recipe, name)
        for key, inner in schema["properties"].items():
            _describe(inner, table, key)


def _text(text: str, unit: str | None = None) -> str:
    said = " ".join(text.split()).replace("``", "`")
    return f"{said} Unit: {unit}." if unit else said


def _curve() -> Schema:
    """Return the schema of a curve, whose arguments may be curves."""
    schema = _by_name(CURVES)
    tables = {case["if"]["properties"]["name"]["const"]: case["then"] for case in schema["allOf"]}
    tables["TableLR"]["properties"]["path"] = {
        "type": "string",
        "description": "A CSV file with the positions and learning rates, in their place",
    }
    return {"type": "object", **schema}


def _by_name(functions: Mapping[str, Callable[..., object]], table: type | None = None) -> Schema:
    """Return a schema of what is named, and takes the arguments of what has this name alone."""
    own = _plain(TypeAdapter(table).json_schema(), {})["properties"] if table else {}
    for key, schema in own.items():
        schema["description"] = _text(texts_under_names(table)[key])
    names: Schema = {"enum": [*functions]}
    names = {"anyOf": [names, _OWN_CODE]} if table else names
    cases = [
        _case(name, {**own, "name": {}, **arguments_schema(function)})
        for name, function in functions.items()
    ]
    return {"properties": {**own, "name": {**own.get("name", {}), **names}}, "allOf": cases}


def _case(name: str, properties: Schema) -> Schema:
    return {
        "if": {"properties": {"name": {"const": name}}, "required": ["name"]},
        "then": {"properties": properties, "additionalProperties": False},
    }


def _closed_unless_own(properties: Iterable[str]) -> Schema:
    """Return what only data by a function of the user may have: further keys, its arguments."""
    known = {"properties": {name: {} for name in properties}, "additionalProperties": False}
    named = {"properties": {"name": {"pattern": "^[^:]*$"}}, "required": ["name"]}
    return {"if": named, "then": known}


def arguments_schema(function: Callable[..., object]) -> dict[str, Schema]:
    """Return the schema of each argument that a recipe gives to a function, by its name.

    A table among them is a curve.
    """
    hints = get_type_hints(function, include_extras=True)
    defaults = getattr(function, "__kwdefaults__", None) or {}
    found: dict[str, Schema] = {}
    for name in sorted(keyword_names(function)):
        schema = _with_curves(_plain(TypeAdapter(hints[name]).json_schema(), {}))
        said = (argument_hint(function, f"{name}:") or "").partition(": ")[2]
        default = {"default": defaults[name]} if defaults.get(name) is not None else {}
        found[name] = {**schema, **default, "description": _text(said)}
    return found


def _with_curves(schema: Schema) -> Schema:
    if schema.get("type") == "object":
        return dict(_CURVE)
    items = (
        {"items": _with_curves(schema["items"])} if isinstance(schema.get("items"), dict) else {}
    )
    return schema | items
