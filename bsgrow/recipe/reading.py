"""TOML to recipe and back, with messages that name the offending key and value."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import tomli_w
from pydantic import ValidationError

from bsgrow.errors import InputError
from bsgrow.recipe.config import Recipe
from bsgrow.recipe.hints import check_sources, key_hint, nearest_key
from bsgrow.recipe.inheritance import EXTENDS, UNSET, read_inherited
from bsgrow.recipe.lr_table import inline_tables
from bsgrow.recipe.origins import ORIGINS, forget, inherited_keys, telling_origin
from bsgrow.recipe.source import Source
from bsgrow.recipe.toml_text import parse_toml
from bsgrow.recipe.values import check_values
from bsgrow.text.path_text import without_surrogates
from bsgrow.text.printable import cut, printable, shown
from bsgrow.validation.annotated import checked
from bsgrow.validation.arguments import UNKNOWN_KEY, describe

_NAMED = ("model", "schedule.curve")  # tables of a name and its arguments
_EXAMPLE = "for example --set schedule.lr=0.1"
_MISSING = tuple(f"schedule.{key}: is missing" for key in ("epochs", "lr", "global_batch_size"))


@checked
def load_recipe(
    name_or_path: str | Path,
    overrides: Iterable[str] = (),
    values: Mapping[str, object] = MappingProxyType({}),
) -> Recipe:
    """Read a recipe and apply overrides to it.

    It may extend another one, whose keys it takes, and that one another; see ``read_inherited``.
    Each file has at most 8 MiB, and no more keys and items than ``parse_toml`` takes.

    Args:
        name_or_path: a shipped name, or a path to a TOML file.
        overrides: ``key=value`` with a dotted key; the value is read as TOML, and as a string
            where it is none. Another ``model.name`` or ``schedule.curve.name`` takes the place of
            the whole table, as its other keys are arguments of what was named before.
        values: dotted keys and their values; an override of the same key wins.

    Raises:
        InputError: no such recipe, no valid TOML, or a key or value that is not allowed.
    """
    name_or_path, overrides = str(name_or_path), list(overrides)
    table = _changed(read_inherited(name_or_path), values, overrides)
    try:
        return recipe_from_table(table)
    except InputError as error:
        message = telling_origin(error.message, inherited_keys(table))
        # A shipped recipe is right by itself, so that the fault is an override's.
        if not Source(name_or_path).is_shipped:
            changed = ", with --set" if overrides else ", with the options given" if values else ""
            source = printable(name_or_path) + changed
            message = "\n".join(f"{source}: {line}" for line in message.split("\n"))
        raise InputError(message, error.hint) from error


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
    table = _changed(table, values, overrides)
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
    table = _changed(recipe.model_dump(mode="json"), values, overrides)
    return recipe_from_table(table)


def recipe_from_table(table: Mapping[str, Any]) -> Recipe:
    """Build a recipe from plain values.

    Raises:
        InputError: what is not allowed; where nothing else is to say, its hint is what the key
            means.
    """
    try:
        check_values(table)
        _require_read(table)
        if isinstance(table.get("schedule"), Mapping):
            table = {**table, "schedule": inline_tables(table["schedule"])}
        recipe = _validated(table)
        check_sources(recipe)
    except InputError as error:
        error.hint = error.hint or key_hint(error.message) or _EXAMPLE
        raise
    return recipe


def as_toml(recipe: Recipe) -> str:
    """Write a recipe as TOML; reading it back gives the same recipe."""
    unsaid = {key for key in ORIGINS if not getattr(recipe, key)}
    return tomli_w.dumps(recipe.model_dump(exclude_none=True, exclude=unsaid, mode="json"))


def _require_read(table: Mapping[str, Any]) -> None:
    for key in {EXTENDS, UNSET} & table.keys():
        raise InputError(
            f"{key} = {shown(table[key])}: stands in the file of a recipe, at its top, and is read "
            "with it",
            f"give a file that has it, with {EXTENDS} = and the name of a recipe or a path",
        )


def _changed(
    table: dict[str, Any], values: Mapping[str, object], overrides: Iterable[str]
) -> dict[str, Any]:
    """Return a table with some keys changed, which are then of no other origin."""
    changes = [(key, value, f"{key} = {shown(value)}") for key, value in values.items()]
    changes += map(_parsed, overrides)
    emptied = _empty_renamed(table, {key: value for key, value, _ in changes})
    if any(key == "model.weights" for key, *_ in changes) and isinstance(table.get("model"), dict):
        table["model"].pop("weights_digest", None)  # that of the file before
    for key, value, written in changes:
        _put(table, key, value, written)
    return forget(table, [*emptied, *(key for key, _, _ in changes)])


def _empty_renamed(table: dict[str, Any], changes: Mapping[str, object]) -> list[str]:
    """Empty the tables that get another name, as the other keys are arguments of the one before.

    Returns:
        Their keys.
    """
    emptied = []
    for place in _NAMED:
        holder: Any = table
        *parents, leaf = place.split(".")
        for parent in parents:
            holder = holder.get(parent) if isinstance(holder, dict) else None
        named, key = holder.get(leaf) if isinstance(holder, dict) else None, f"{place}.name"
        if isinstance(named, dict) and changes.get(key, named.get("name")) != named.get("name"):
            holder[leaf] = {}
            emptied.append(place)
    return emptied


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
    *tables, key = details["loc"]
    return nearest_key(tables, key)
