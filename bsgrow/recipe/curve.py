"""The types of a curve's arguments, checked before the curve is built."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ConfigDict, ValidationError, validate_call

from bsgrow.errors import InputError
from bsgrow.recipe.wording import plain
from bsgrow.schedule import CURVES, check_arguments

_check_types = validate_call(config=ConfigDict(strict=True))


def check_curve(curve: Mapping[str, Any], key: str = "schedule.curve") -> None:
    """Check names, types and values of a curve and of the curves inside it.

    Args:
        curve: ``name`` and arguments, as in a recipe.
        key: what errors call it.

    Raises:
        InputError: no such curve or argument, one is missing, or a value is not allowed.
    """
    try:
        check_arguments(curve)
        for place, inner in _nested(curve):
            check_curve(inner, f"{key}.{place}")
        arguments = {name: value for name, value in curve.items() if name != "name"}
        _check_types(CURVES[curve["name"]])(1.0, **arguments)
    except ValidationError as error:
        raise InputError("\n".join(_lines(error, key))) from error
    except InputError as error:
        raise _placed(error, key) from error


def _nested(curve: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the curves among the arguments of a curve, with their place."""
    for key, value in curve.items():
        values = value if isinstance(value, list) else [value]
        for i, inner in enumerate(values):
            if isinstance(inner, Mapping):
                yield (f"{key}[{i}]" if isinstance(value, list) else key), inner


def _lines(error: ValidationError, key: str) -> Iterator[str]:
    for details in error.errors(include_url=False):
        place = ".".join(str(part) for part in details["loc"])
        yield f"{key}.{place} = {details['input']!r}: {plain(details['msg'])}"


def _placed(error: InputError, key: str) -> InputError:
    """Name a curve by its place, where the curve itself only knows ``schedule.curve``."""
    if error.message.startswith(f"{key}."):
        return error
    return InputError(error.message.replace("schedule.curve", key, 1), error.hint)
