"""Learning-rate tables in CSV files, read into the recipe that names them."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bsgrow.errors import InputError

_UNITS = ("epochs", "samples", "updates", "tokens")
_HINT = "the first line names the columns, a unit and lr, such as: epochs,lr"


def inline_tables(schedule: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the ``path`` of every TableLR in a ``[schedule]`` by what the file holds.

    The first column of a file names the unit of its positions, which becomes ``unit`` where the
    schedule has none. A relative path is relative to the current directory.

    Raises:
        InputError: a file cannot be read, is no such table, or counts in another unit.
    """
    units: list[tuple[str, str]] = []
    curve = _inline(schedule.get("curve"), units)
    unit = schedule.get("unit") or (units[0][1] if units else None)
    for path, other in units:
        if other != unit:
            raise InputError(
                f"schedule.curve.path = {path!r}: counts in {other}, schedule.unit is {unit!r}"
            )
    given = {key: value for key, value in (("curve", curve), ("unit", unit)) if value is not None}
    return {**schedule, **given}


def read_table(path: str) -> tuple[str, list[float], list[float]]:
    """Read a CSV file of positions and learning rates.

    Returns:
        The unit in the head of the first column; the positions; the learning rates.
    """
    rows = [row for row in csv.reader(_lines(path)) if row]
    head = [name.strip() for name in rows[0]] if rows else []
    if len(head) != 2 or head[0] not in _UNITS or head[1] != "lr":
        raise InputError(f"{path}: the first line is {','.join(head)!r}", _HINT)
    numbers = [_numbers(path, line, row) for line, row in enumerate(rows[1:], start=2)]
    return head[0], [position for position, _ in numbers], [lr for _, lr in numbers]


def _inline(curve: Any, units: list[tuple[str, str]]) -> Any:
    """Return a curve with its tables inlined, and those of the curves inside it."""
    if not isinstance(curve, Mapping):
        return curve
    values = {key: _inline_value(value, units) for key, value in curve.items()}
    if values.get("name") != "TableLR" or not isinstance(values.get("path"), str):
        return values
    path = values.pop("path")
    unit, positions, lrs = read_table(path)
    units.append((path, unit))
    return {**values, "positions": positions, "lrs": lrs}


def _inline_value(value: Any, units: list[tuple[str, str]]) -> Any:
    if isinstance(value, list):
        return [_inline(item, units) for item in value]
    return _inline(value, units)


def _lines(path: str) -> Iterable[str]:
    try:
        return Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"schedule.curve.path = {path!r}: cannot be read: {error}") from error


def _numbers(path: str, line: int, row: Sequence[str]) -> tuple[float, float]:
    try:
        position, lr = row
        return _number(position), float(lr)
    except ValueError as error:
        raise InputError(f"{path}, row {line}: {','.join(row)!r} is not two numbers") from error


def _number(text: str) -> float:
    """Return an int where the text is one: sample counts are beyond what a float holds."""
    return int(text) if text.strip().isdecimal() else float(text)
