"""What no key of a recipe may hold, whatever its type: checked before anything else is."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from bsgrow.errors import InputError
from bsgrow.text.path_text import without_surrogates
from bsgrow.text.printable import cut, shown

_MAX_DEPTH = 64  # far above any curve of curves, and below what a JSON parser follows
_INTEGERS = range(-(2**63), 2**64)
_Key = tuple[str | int, ...]


def check_values(table: Mapping[str, Any]) -> None:
    """Check that plain values are finite numbers of 64 bits and text, and not nested without end.

    A path may hold bytes that are no UTF-8, as ``os.fsdecode`` gives them.

    Raises:
        InputError: one is not; the message names its key.
    """
    for key, value in _walk(table):
        if len(key) > _MAX_DEPTH:
            raise InputError(f"{cut(_dotted(key))}: is nested more than {_MAX_DEPTH} deep")
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{cut(_dotted(key))} = {value}: must be a finite number")
        if isinstance(value, int) and value not in _INTEGERS:
            raise InputError(f"{cut(_dotted(key))}: is an integer of more than 64 bits")
        is_text = _is_path_text if _is_path(key) else _is_text
        if not (_is_text(str(key[-1])) and (not isinstance(value, str) or is_text(value))):
            raise InputError(
                f"{cut(_dotted(key))} = {shown(value)}: must be text in UTF-8, without NUL"
            )


def _walk(table: Mapping[str, Any]) -> Iterator[tuple[_Key, Any]]:
    """Yield the values in a table with their keys; a table's own come after it.

    Keys are joined to text where they are shown alone: that of each value would take memory like
    the product of keys and values.
    """
    todo: list[tuple[_Key, Any]] = [((), table)]
    while todo:
        key, value = todo.pop()
        if key:
            yield key, value
        if isinstance(value, Mapping):
            todo += [((*key, name), inner) for name, inner in value.items()]
        elif isinstance(value, list | tuple):
            todo += [((*key, i), inner) for i, inner in enumerate(value)]


def _dotted(key: _Key) -> str:
    """Return a key as text: names with dots, places in a list in brackets."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return "".join(parts).removeprefix(".")


def _is_path(key: _Key) -> bool:
    """Return whether a key is that of a path: of the data, of weights, or of a curve's table."""
    in_curve = key[:2] == ("schedule", "curve") and key[-1] == "path"
    return in_curve or key in (("data", "path"), ("model", "weights"))


def _is_text(text: str) -> bool:
    """Return whether a string can be written in UTF-8; bytes that no decoder knew cannot."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)


def _is_path_text(text: str) -> bool:
    """Return whether a string can be a path, which may hold bytes that are no UTF-8."""
    return _is_text(without_surrogates(text))
