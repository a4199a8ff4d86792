"""Files of measurements, as ``bsgrow bench train --format json`` writes them."""

import json
from pathlib import Path
from typing import Any

from bsgrow.errors import InputError
from bsgrow.files.text import read_text
from bsgrow.text.printable import printable

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


def is_number(value: Any, low: float, high: float) -> bool:
    """Whether a value of JSON is a number from low to high."""
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
