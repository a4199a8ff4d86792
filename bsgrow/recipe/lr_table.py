"""Learning-rate tables in CSV files, read into the recipe that names them."""

import csv
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from bsgrow.errors import InputError
from bsgrow.files.text import SAVE_AS_TEXT, read_text
from bsgrow.validation import shown

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
                f"schedule.curve.path = {path!r}: counts in {other}, schedule.unit is {unit!r}",
                hint="leave schedule.unit out, and the head of the file says it",
            )
    given = {key: value for key, value in (("curve", curve), ("unit", unit)) if value is not None}
    return {**schedule, **given}


def read_table(path: str) -> tuple[str, list[float], list[float]]:
    """Read a CSV file of positions and learning rates.

    Returns:
        The unit in the head of the first column; the positions; the learning rates.
    """
    rows = _rows(path)
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


def _rows(path: str) -> list[list[str]]:
    """Return the rows of a CSV file, without the empty ones."""
    try:
        lines = read_text(Path(path)).splitlines()
        return [row for row in csv.reader(lines) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        message = f"schedule.curve.path = {shown(path)}: cannot be read: {error}"
        is_text = not isinstance(error, UnicodeDecodeError)
        hint = "give a CSV file; a relative path starts here" if is_text else SAVE_AS_TEXT
        raise InputError(message, hint) from error


def _numbers(path: str, line: int, row: Sequence[str]) -> tuple[float, float]:
    try:
        position, lr = row
        return _number(position), _finite(lr)
    except ValueError as error:
        message = f"{path}, row {line}: {shown(','.join(row))} is not two finite numbers"
        raise InputError(message, hint="each row is a position and the lr from there on") from error


def _number(text: str) -> float:
    """Return an int where the text is one: sample counts are beyond what a float holds."""
    number = _finite(text)
    return int(text) if text.strip().isdecimal() else number


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text} is not finite")
    return number
