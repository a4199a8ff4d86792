"""TOML to recipe and back, with messages that name the offending key and value."""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from bsgrow.errors import InputError, did_you_mean
from bsgrow.recipe.config import Recipe
from bsgrow.recipe.lr_table import inline_tables
from bsgrow.validation import UNKNOWN_KEY, describe

_SHIPPED = resources.files("bsgrow") / "recipes"


def shipped_recipes() -> list[str]:
    """Return the names of the recipes that come with the package, sorted."""
    return sorted(entry.name[:-5] for entry in _SHIPPED.iterdir() if entry.name.endswith(".toml"))


def load_recipe(name_or_path: str, overrides: Iterable[str] = ()) -> Recipe:
    """Read a recipe and apply overrides to it.

    Args:
        name_or_path: a shipped name, or a path to a TOML file.
        overrides: ``key=value`` with a dotted key; the value is read as TOML, and as a string
            where it is none.

    Raises:
        InputError: no such recipe, no valid TOML, or a key or value that is not allowed.
    """
    table = _parse(_read_text(name_or_path), name_or_path)
    for override in overrides:
        _set(table, override)
    return recipe_from_table(table)


def schedule_recipe(overrides: Iterable[str]) -> Recipe:
    """Build a recipe of a schedule alone, which can be planned and not trained.

    Args:
        overrides: its keys, as in ``load_recipe``; ``data.num_samples`` is one of them.

    Raises:
        InputError: a key is missing or not allowed.
    """
    hint = "without a recipe, --samples, --epochs, --batch-size and --lr are needed"
    table: dict[str, Any] = {"data": {"name": "unnamed"}, "model": {"name": "unnamed"}}
    for override in overrides:
        _set(table, override)
    if "num_samples" not in table["data"]:
        raise InputError("data.num_samples: is missing", hint)
    try:
        return recipe_from_table(table)
    except InputError as error:
        raise InputError(error.message, error.hint or hint) from error


def recipe_from_table(table: Mapping[str, Any]) -> Recipe:
    """Build a recipe from plain values; raises InputError for what is not allowed."""
    if isinstance(table.get("schedule"), Mapping):
        table = {**table, "schedule": inline_tables(table["schedule"])}
    # Strict about types, except that JSON's arrays and objects may become tuples and dataclasses.
    text = json.dumps(table, default=str)
    try:
        return Recipe.model_validate_json(text)
    except ValidationError as error:
        raise _explain(error) from error


def as_toml(recipe: Recipe) -> str:
    """Write a recipe as TOML; reading it back gives the same recipe."""
    return tomli_w.dumps(recipe.model_dump(exclude_none=True, mode="json"))


def _read_text(name_or_path: str) -> str:
    shipped = shipped_recipes()
    if name_or_path in shipped:
        return (_SHIPPED / f"{name_or_path}.toml").read_text("utf-8")
    path = Path(name_or_path)
    if path.suffix != ".toml" and not path.exists():
        raise InputError(
            f"no recipe is called {name_or_path!r}", hint=did_you_mean(name_or_path, shipped)
        )
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read the recipe {path}: {error}",
            hint="give a path to a TOML file, or a name that `bsgrow recipes` lists",
        ) from error


def _parse(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{source} is not valid TOML: {error}") from error


def _set(table: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    *parents, leaf = key.strip().split(".")
    if not (separator and leaf):
        raise InputError(
            f"--set {override}: not of the form key=value",
            hint="for example --set schedule.lr=0.1",
        )
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise InputError(f"--set {override}: {parent} holds a value, not a table")
    table[leaf] = _parse_value(text.strip())


def _parse_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _explain(error: ValidationError) -> InputError:
    """Turn pydantic's errors into one: a line each, and a hint where there is one."""
    errors = error.errors(include_url=False)
    for details in errors:
        cause = details.get("ctx", {}).get("error")
        if isinstance(cause, InputError):
            return cause
    hints = [_hint(details) for details in errors]
    return InputError("\n".join(map(describe, errors)), hint=next(filter(None, hints), None))


def _hint(details: Mapping[str, Any]) -> str | None:
    if details["type"] not in UNKNOWN_KEY:
        return None
    *parents, key = details["loc"]
    return did_you_mean(key, _keys_of(parents))


def _keys_of(parents: Iterable[Any]) -> Iterable[str]:
    """Return the keys that the table at that place of the recipe may hold."""
    table: Any = Recipe
    for part in parents:
        table = table.model_fields[part].annotation
    return getattr(table, "model_fields", None) or [field.name for field in fields(table)]
