"""An experiment from TOML and back, with messages that name the file, the key and the value."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast

import tomli_w
from pydantic import TypeAdapter, ValidationError

from bsgrow.errors import InputError, did_you_mean
from bsgrow.experiments.config import ArmConfig, Experiment, Margin, Mode, OptimizerConfig, Seeds
from bsgrow.experiments.dotted import dotted_values
from bsgrow.files.text import read_text
from bsgrow.recipe import (
    ARMS,
    Recipe,
    changed_recipe,
    load_recipe,
    recipe_from_table,
    shipped_recipes,
)
from bsgrow.recipe.section import Section
from bsgrow.recipe.toml_text import LARGEST, parse_toml
from bsgrow.text.printable import cut, printable, shown
from bsgrow.validation.arguments import describe

_KEYS = (
    *("name", "description", "recipe", "overrides", "seeds", "baseline", "margin"),
    *("optimizers", "arms"),
)
_SEEDS: TypeAdapter[tuple[int, ...]] = TypeAdapter(Seeds)
_DEFAULT_SEEDS = (0, 1, 2)
_HINT = "docs/experiments.md has an experiment with every key"

Table = TypeVar("Table", bound=Section)


def is_experiment(name_or_path: str) -> bool:
    """Return whether a file holds an experiment, that is a table ``arms``, and not a recipe."""
    if name_or_path in shipped_recipes():
        return False
    with suppress(OSError, ValueError, RecursionError):
        return "arms" in parse_toml(read_text(Path(name_or_path), LARGEST))
    return False


def load_experiment(
    path: str | Path,
    overrides: Iterable[str] = (),
    values: Mapping[str, object] = MappingProxyType({}),
) -> Experiment:
    """Read an experiment.

    Args:
        path: a TOML file.
        overrides: ``key=value``, of the recipe that all runs are made of; what an arm or an
            optimizer says itself stays.
        values: further ones, dotted keys and their values; an override of the same key wins.

    Raises:
        InputError: it cannot be read, or a key or value is not allowed.
    """
    path = Path(path)
    with _naming(printable(path)):
        table = _parsed(path)
        recipe = _recipe(table, path.parent)
    recipe = changed_recipe(recipe, values, overrides)
    with _naming(printable(path)):
        return _experiment(table, recipe, path.stem)


def experiment_of(
    name: str, recipe: Recipe, arms: Sequence[str], seeds: Sequence[int]
) -> Experiment:
    """Return the experiment that arms of a recipe are, over seeds.

    Args:
        name: what it is called.
        recipe: what all runs are made of.
        arms: of ``decay``, ``hybrid`` and ``grow``.
        seeds: of each.

    Raises:
        InputError: there is no such arm.
    """
    for arm in arms:
        ARMS.find(arm, f"--arms {arm}")
    own = {arm: ArmConfig(mode=cast("Mode", arm)) for arm in arms}
    return Experiment(name, recipe, own, tuple(seeds))


def experiment_as_toml(experiment: Experiment) -> str:
    """Write an experiment as TOML that needs no other file: it has its recipe in it."""
    table: dict[str, Any] = {
        "name": experiment.name,
        "description": experiment.description,
        "baseline": experiment.baseline,
        "seeds": list(experiment.seeds),
        "margin": experiment.margin and _dumped(experiment.margin),
        "optimizers": {name: _dumped(each) for name, each in experiment.optimizers.items()},
        "arms": {name: _dumped(arm) for name, arm in experiment.arms.items()},
        "recipe": experiment.recipe.model_dump(exclude_none=True, mode="json"),
    }
    return tomli_w.dumps({key: value for key, value in table.items() if value})


def _dumped(section: Section) -> dict[str, Any]:
    return section.model_dump(exclude_none=True, exclude_defaults=True, mode="json")


def _parsed(path: Path) -> dict[str, Any]:
    try:
        table = parse_toml(read_text(path, LARGEST))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not valid TOML: {error}", hint=_HINT) from error
    for key in table:
        if key not in _KEYS:
            message = f"{cut(key)} = {shown(table[key])}: there is no such key"
            raise InputError(message, did_you_mean(key, _KEYS))
    return table


def _recipe(table: Mapping[str, Any], folder: Path) -> Recipe:
    """Return what all runs are made of: a shipped recipe, one by path, or that in the file."""
    written = table.get("recipe")
    if isinstance(written, Mapping):
        with _naming("recipe"):
            recipe = recipe_from_table(written)
    elif isinstance(written, str):
        is_path = written.endswith(".toml") or "/" in written
        recipe = load_recipe(str(folder / written) if is_path else written)
    else:
        raise InputError(
            "recipe: is missing" if written is None else f"recipe = {shown(written)}: not a name",
            hint='recipe = "digits", or the path of a TOML file, from the folder of this one on',
        )
    with _naming("overrides"):
        return changed_recipe(recipe, dotted_values(_table(table, "overrides")))


def _experiment(table: Mapping[str, Any], recipe: Recipe, stem: str) -> Experiment:
    margin = table.get("margin")
    return Experiment(
        name=_text(table, "name") or stem,
        description=_text(table, "description"),
        recipe=recipe,
        baseline=_text(table, "baseline"),
        seeds=_seeds(table.get("seeds", _DEFAULT_SEEDS)),
        margin=None if margin is None else _section(Margin, "margin", margin),
        optimizers=_sections(OptimizerConfig, table, "optimizers"),
        arms=_sections(ArmConfig, table, "arms"),
    )


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise InputError(f"{key} = {shown(value)}: must be text")
    return value


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, Mapping):
        raise InputError(f"{key} = {shown(value)}: must be a table", hint=_HINT)
    return value


def _seeds(written: object) -> tuple[int, ...]:
    try:
        return _SEEDS.validate_python(written)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InputError(f"seeds = {shown(written)}: {reason}", "seeds = [0, 1, 2]") from error


def _sections(kind: type[Table], table: Mapping[str, Any], key: str) -> dict[str, Table]:
    return {
        name: _section(kind, f"{key}.{cut(name)}", written)
        for name, written in _table(table, key).items()
    }


def _section(kind: type[Table], place: str, written: object) -> Table:
    if not isinstance(written, Mapping):
        raise InputError(f"{place} = {shown(written)}: must be a table", hint=_HINT)
    try:
        return kind.model_validate(dict(written))
    except ValidationError as error:
        errors = error.errors(include_url=False)
        unknown = next((each["loc"][0] for each in errors if "extra" in each["type"]), None)
        hint = did_you_mean(unknown, kind.model_fields) if unknown else _HINT
        raise InputError(describe(errors, place), hint) from error


@contextmanager
def _naming(place: str) -> Iterator[None]:
    """Put the place in front of what an error says."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{place}: {error.message}", error.hint) from error
