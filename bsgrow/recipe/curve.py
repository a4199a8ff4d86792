"""Curves as a recipe writes them: every name, type and value checked, to any depth."""

from collections.abc import Iterator, Mapping
from typing import Any

from bsgrow.errors import InputError
from bsgrow.schedule import CURVES
from bsgrow.text.printable import cut, shown
from bsgrow.validation.arguments import call_checked


def check_curve(lr: float, curve: Mapping[str, Any], table: str = "schedule.curve") -> None:
    """Check a curve, and first the curves inside it.

    Args:
        lr: the base learning rate that it will run with, schedule.lr.
        curve: ``name`` and arguments.
        table: where in the recipe it stands, which errors name.

    Raises:
        InputError: no such curve or argument, one is missing, or a value is not allowed.
    """
    arguments = dict(curve)
    name = arguments.pop("name", None)
    if name is None:
        raise InputError(f"{table}.name: is missing", f"one of {', '.join(sorted(CURVES))}")
    builder = CURVES.find(name, f"{table}.name = {shown(name)}")
    for place, inner in _nested(arguments):
        check_curve(lr, inner, f"{table}.{place}")
    try:
        call_checked(builder, lr, table="schedule.curve", written=arguments)
    except InputError as error:
        message = error.message.replace("schedule.curve.", f"{table}.")
        raise InputError(message, error.hint) from error


def _nested(arguments: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the curves among the arguments of a curve, with their place."""
    for key, value in arguments.items():
        place = cut(key)  # as an error shows it
        for i, inner in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(inner, Mapping):
                yield (f"{place}[{i}]" if isinstance(value, list) else place), inner
