"""Files of measurements, as ``bsgrow bench train --format json`` writes them."""

import json
from pathlib import Path
from typing import Any

from bsgrow.errors import InputError
from bsgrow.files.text import read_text
from bsgrow.text.printable import printable, shown

_LARGEST = 2**22  # bytes of a file, some ten thousand rows


def read_measurements(path: Path, hint: str) -> Any:
    """Return what a file of JSON holds, of at most 4 MiB.

    Args:
        path: the file.
        hint: of the error, where it is none.

    Raises:
        InputError: the file cannot be read, or is not JSON.
    """
    try:
        return json.loads(read_text(path, _LARGEST))
    except OSError as error:
        raise InputError(f"{printable(path)}: cannot be read: {error.strerror}", hint) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{printable(path)}: is not JSON: {error}", hint) from error


def read_object(path: Path, key: str, hint: str) -> tuple[str, dict[str, Any]]:
    """Return where an object stands in a file of measurements, for errors, and the object.

    It is empty where the file has none.

    Args:
        path: the file.
        key: under which it stands.
        hint: of the error.

    Raises:
        InputError: the file cannot be read, or something else stands there.
    """
    table = read_measurements(path, hint)
    written = table.get(key) if isinstance(table, dict) else None
    where = f"{printable(path)}, {key}"
    if written is not None and not isinstance(written, dict):
        raise InputError(f"{where} = {shown(written)}: must be an object", hint)
    return where, written or {}


def is_number(value: Any, low: float, high: float) -> bool:
    """Whether a value of JSON is a number from low to high."""
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
