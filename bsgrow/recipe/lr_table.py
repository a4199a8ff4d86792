"""Learning-rate tables in CSV files, read into the recipe that names them."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any

from bsgrow.errors import InputError
from bsgrow.files.text import SAVE_AS_TEXT, read_text
from bsgrow.recipe.toml_text import LARGEST
from bsgrow.text.printable import printable, shown

_UNITS = ("epochs", "samples", "updates", "tokens")
_MAX_ROWS = 100_000
_MAX_TABLES = 100
_HINT = "the first line names the columns, a unit and lr, such as: epochs,lr"


def inline_tables(schedule: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the ``path`` of every TableLR in a ``[schedule]`` by what the file holds.

    They are at most 100, of 100 000 rows in all, so that the recipe of a run can be read again. The
    first column of a file names the unit of its positions, which becomes ``unit`` where the
    schedule has none. A relative path is relative to the current directory.

    Raises:
        InputError: a file cannot be read, is no such table, or counts in another unit; or they are
            too long.
    """
    tables: list[_Table] = []
    curve = _inline(schedule.get("curve"), tables)
    unit = schedule.get("unit") or (tables[0].unit if tables else None)
    for table in tables:
        if table.unit != unit:
            raise InputError(
                f"schedule.curve.path = {shown(table.path)}: counts in {table.unit}, "
                f"schedule.unit is {shown(unit)}",
                hint="leave schedule.unit out, and the head of the file says it",
            )
    given = {key: value for key, value in (("curve", curve), ("unit", unit)) if value is not None}
    return {**schedule, **given}


def read_table(path: str) -> tuple[str, list[float], list[float]]:
    """Read a CSV file of positions and learning rates, of at most 8 MiB and 100 000 rows.

    Returns:
        The unit in the head of the first column; the positions; the learning rates.
    """
    rows = _rows(path)
    head = [name.strip() for name in rows[0]] if rows else []
    if len(head) != 2 or head[0] not in _UNITS or head[1] != "lr":
        message = f"{printable(path)}: the first line is {shown(','.join(head))}"
        raise InputError(message, _HINT)
    numbers = [_numbers(path, line, row) for line, row in enumerate(rows[1:], start=2)]
    return head[0], [position for position, _ in numbers], [lr for _, lr in numbers]


@dataclass(frozen=True)
class _Table:
    """A file that was inlined."""

    path: str
    unit: str
    num_rows: int


def _inline(curve: Any, tables: list[_Table]) -> Any:
    """Return a curve with its tables inlined, and those of the curves inside it."""
    if not isinstance(curve, Mapping):
        return curve
    values = {key: _inline_value(value, tables) for key, value in curve.items()}
    if values.get("name") != "TableLR" or not isinstance(values.get("path"), str):
        return values
    path = values.pop("path")
    unit, positions, lrs = read_table(path)
    tables.append(_Table(path, unit, len(lrs)))
    _require_bounded(tables)
    return {**values, "positions": positions, "lrs": lrs}


def _inline_value(value: Any, tables: list[_Table]) -> Any:
    if isinstance(value, list):
        return [_inline(item, tables) for item in value]
    return _inline(value, tables)


def _require_bounded(tables: Sequence[_Table]) -> None:
    path, num_rows = shown(tables[-1].path), sum(table.num_rows for table in tables)
    if num_rows > _MAX_ROWS or len(tables) > _MAX_TABLES:
        raise InputError(
            f"schedule.curve.path = {path}: with it there are more than {_MAX_ROWS} rows of "
            f"learning rates, or more than {_MAX_TABLES} tables",
            hint="leave out the rows in which the lr does not change",
        )


def _rows(path: str) -> list[list[str]]:
    """Return the rows of a CSV file, without the empty ones."""
    try:
        lines = csv.reader(StringIO(read_text(Path(path), LARGEST), newline="\n"))
        return list(islice(filter(None, lines), _MAX_ROWS + 2))
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
        message = f"{printable(path)}, row {line}: {shown(','.join(row))} is not two finite numbers"
        raise InputError(message, hint="each row is a position and the lr from there on") from error


def _number(text: str) -> float:
    """Return an int where the text is one: sample counts are beyond what a float holds."""
    number = _finite(text)
    return int(text) if text.strip().isdecimal() and number < 2**64 else number


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text} is not finite")
    return number
