"""TOML to recipe and back, with messages that name the offending key and value."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

import tomli_w
from pydantic import ValidationError

from bsgrow.errors import InputError, did_you_mean
from bsgrow.files.text import SAVE_AS_TEXT, read_text
from bsgrow.recipe.config import Recipe
from bsgrow.recipe.hints import key_hint
from bsgrow.recipe.lr_table import inline_tables
from bsgrow.recipe.section import table_type
from bsgrow.recipe.toml_text import LARGEST, parse_toml
from bsgrow.recipe.values import check_values
from bsgrow.text.path_text import without_surrogates
from bsgrow.text.printable import cut, printable, shown
from bsgrow.user_code.names import is_user_code
from bsgrow.validation.arguments import UNKNOWN_KEY, describe

_EXAMPLE = "for example --set schedule.lr=0.1"
_MISSING = tuple(f"schedule.{key}: is missing" for key in ("epochs", "lr", "global_batch_size"))
_SHIPPED = resources.files("bsgrow") / "recipes"


def shipped_recipes() -> list[str]:
    """Return the names of the recipes that come with the package, sorted."""
    return sorted(entry.name[:-5] for entry in _SHIPPED.iterdir() if entry.name.endswith(".toml"))


def load_recipe(
    name_or_path: str,
    overrides: Iterable[str] = (),
    values: Mapping[str, object] = MappingProxyType({}),
) -> Recipe:
    """Read a recipe and apply overrides to it.

    It has at most 8 MiB, and no more keys and items than ``parse_toml`` takes.

    Args:
        name_or_path: a shipped name, or a path to a TOML file.
        overrides: ``key=value`` with a dotted key; the value is read as TOML, and as a string
            where it is none. ``model.name=package.module:function`` takes the place of the whole
            table, as its other keys are the arguments of another model.
        values: dotted keys and their values; an override of the same key wins.

    Raises:
        InputError: no such recipe, no valid TOML, or a key or value that is not allowed.
    """
    text, overrides = _read_text(name_or_path), list(overrides)
    table = _parse(text, name_or_path)
    _change(table, values, overrides)
    try:
        return recipe_from_table(table)
    except InputError as error:
        if name_or_path in shipped_recipes():
            raise  # it is right by itself, so that the fault is an override's
        changed = ", with --set" if overrides else ", with the options given" if values else ""
        source = printable(name_or_path) + changed
        lines = (f"{source}: {line}" for line in error.message.split("\n"))
        raise InputError("\n".join(lines), error.hint) from error


def schedule_recipe(
    overrides: Iterable[str], values: Mapping[str, object] = MappingProxyType({})
) -> Recipe:
    """Build a recipe of a schedule alone, which can be planned and not trained.

    Args:
        overrides: its keys, as in ``load_recipe``; ``data.num_samples`` is one of them.
        values: further keys, as there.

    Raises:
        InputError: a key is missing or not allowed.
    """
    hint = "without a recipe, --samples, --epochs, --batch-size and --lr are needed"
    table: dict[str, Any] = {"data": {"name": "unnamed"}, "model": {"name": "resnet50"}}
    _change(table, values, overrides)
    if "num_samples" not in table["data"]:
        raise InputError("data.num_samples: is missing", hint)
    try:
        return recipe_from_table(table)
    except InputError as error:
        if error.message.startswith(_MISSING):
            error.hint = hint
        raise


def changed_recipe(
    recipe: Recipe, values: Mapping[str, object], overrides: Iterable[str] = ()
) -> Recipe:
    """Return a recipe with other values, and whatever it says beside them.

    Args:
        recipe: read already.
        values: dotted keys and their values.
        overrides: further ones, as in ``load_recipe``; they win.

    Raises:
        InputError: a key or value is not allowed.
    """
    table = recipe.model_dump(mode="json")
    _change(table, values, overrides)
    return recipe_from_table(table)


def recipe_from_table(table: Mapping[str, Any]) -> Recipe:
    """Build a recipe from plain values.

    Raises:
        InputError: what is not allowed; where nothing else is to say, its hint is what the key
            means.
    """
    try:
        check_values(table)
        if isinstance(table.get("schedule"), Mapping):
            table = {**table, "schedule": inline_tables(table["schedule"])}
        return _validated(table)
    except InputError as error:
        error.hint = error.hint or key_hint(error.message) or _EXAMPLE
        raise


def as_toml(recipe: Recipe) -> str:
    """Write a recipe as TOML; reading it back gives the same recipe."""
    return tomli_w.dumps(recipe.model_dump(exclude_none=True, mode="json"))


def _read_text(name_or_path: str) -> str:
    shipped = shipped_recipes()
    if name_or_path in shipped:
        return (_SHIPPED / f"{name_or_path}.toml").read_text("utf-8")
    path = Path(name_or_path)
    try:
        return read_text(path, LARGEST)
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, FileNotFoundError) and path.suffix != ".toml":
            hint = did_you_mean(name_or_path, shipped)
            raise InputError(f"no recipe is called {shown(name_or_path)}", hint) from error
        reason = error.strerror if isinstance(error, OSError) else error
        hint = "give a path to a TOML file, or a name that `bsgrow recipes` lists"
        if isinstance(error, UnicodeDecodeError):
            hint = SAVE_AS_TEXT
        raise InputError(f"cannot read the recipe {cut(name_or_path)}: {reason}", hint) from error


def _parse(text: str, source: str) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except (ValueError, RecursionError) as error:  # its own, a long integer, deep nesting
        raise InputError(
            f"{printable(source)} is not valid TOML: {error}",
            hint='text needs quotes, such as name = "cifar10"; tables begin with [data]',
        ) from error


def _change(table: dict[str, Any], values: Mapping[str, object], overrides: Iterable[str]) -> None:
    changes = [(key, value, f"{key} = {shown(value)}") for key, value in values.items()]
    changes += map(_parsed, overrides)
    names = [value for key, value, _ in changes if key == "model.name" and is_user_code(value)]
    if names and isinstance(table.get("model"), dict) and table["model"].get("name") != names[-1]:
        table["model"] = {}  # the other keys are arguments of the model that it named before
    for key, value, written in changes:
        _put(table, key, value, written)


def _parsed(override: str) -> tuple[str, object, str]:
    key, separator, text = override.partition("=")
    if not (separator and all(key.strip().split("."))):
        raise InputError(
            f"--set {cut(override)}: not of the form key=value",
            hint=_EXAMPLE,
        )
    try:
        value = parse_value(text.strip())
    except RecursionError as error:
        raise InputError(f"--set {cut(override)}: is nested too deep", _EXAMPLE) from error
    return key.strip(), value, f"--set {cut(override)}"


def _put(table: dict[str, Any], key: str, value: object, written: str) -> None:
    *parents, leaf = key.split(".")
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise InputError(
                f"{written}: {cut(parent)} holds a value, not a table",
                hint=f"set {cut(parent)} itself, as a table: --set '…{cut(parent)}={{ … }}'",
            )
    table[leaf] = value


def parse_value(text: str) -> object:
    """Return a value as TOML, or as the text that it is where it is none."""
    try:
        parsed = parse_toml(f"value = {text}")
    except ValueError:  # no TOML, an integer too long to be read, or more than is parsed
        return text
    return parsed["value"] if parsed.keys() == {"value"} else text


def _validated(table: Mapping[str, Any]) -> Recipe:
    # Strict about types, except that JSON's arrays and objects may become tuples and dataclasses.
    text = json.dumps(_as_text(table), default=str)
    try:
        return Recipe.model_validate_json(text)
    except ValidationError as error:
        raise _explain(error) from error


def _as_text(value: Any) -> Any:
    """Return values that JSON can hold: paths may be no UTF-8."""
    if isinstance(value, Mapping):
        return {key: _as_text(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_as_text(inner) for inner in value]
    return without_surrogates(value) if isinstance(value, str) else value


def _explain(error: ValidationError) -> InputError:
    """Turn pydantic's errors into one: a line each, and a hint where there is one."""
    errors = error.errors(include_url=False)
    for details in errors:
        cause = details.get("ctx", {}).get("error")
        if isinstance(cause, InputError):
            return cause
    return InputError(describe(errors), hint=next(filter(None, map(_hint, errors)), None))


def _hint(details: Mapping[str, Any]) -> str | None:
    if details["type"] not in UNKNOWN_KEY:
        return None
    *parents, key = details["loc"]
    return did_you_mean(key, _keys_of(parents))


def _keys_of(parents: Iterable[Any]) -> Iterable[str]:
    """Return the keys that the table at that place of the recipe may hold."""
    table: Any = Recipe
    for part in parents:
        table = table_type(table, part)
    return getattr(table, "model_fields", None) or [field.name for field in fields(table)]
