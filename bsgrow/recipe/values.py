"""What no key of a recipe may hold, whatever its type: checked before anything else is."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bsgrow.errors import InputError
from bsgrow.path_text import without_surrogates
from bsgrow.validation import cut, shown

_MAX_DEPTH = 64  # far above any curve of curves, and below what a JSON parser follows
_PATH = re.compile(r"data\.path|schedule\.curve\.(.*\.)?path")
_INTEGERS = range(-(2**63), 2**64)


def check_values(table: Mapping[str, Any]) -> None:
    """Check that plain values are finite numbers of 64 bits and text, and not nested without end.

    A path may hold bytes that are no UTF-8, as ``os.fsdecode`` gives them.

    Raises:
        InputError: one is not; the message names its key.
    """
    for key, value, depth in _walk(table):
        if depth > _MAX_DEPTH:
            raise InputError(f"{cut(key)}: is nested more than {_MAX_DEPTH} deep")
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{key} = {value}: must be a finite number")
        if isinstance(value, int) and value not in _INTEGERS:
            raise InputError(f"{key}: is an integer of more than 64 bits")
        is_text = _is_path_text if _PATH.fullmatch(key) else _is_text
        if not (_is_text(key) and (not isinstance(value, str) or is_text(value))):
            raise InputError(f"{cut(key)} = {shown(value)}: must be text in UTF-8, without NUL")


def _walk(table: Mapping[str, Any]) -> Iterator[tuple[str, Any, int]]:
    """Yield the values in a table with key and depth; a table's own come after it."""
    todo: list[tuple[str, Any, int]] = [("", table, 0)]
    while todo:
        key, value, depth = todo.pop()
        if depth:
            yield key, value, depth
        if isinstance(value, Mapping):
            prefix = f"{key}." if key else ""
            todo += [(prefix + name, inner, depth + 1) for name, inner in value.items()]
        elif isinstance(value, list | tuple):
            todo += [(f"{key}[{i}]", inner, depth + 1) for i, inner in enumerate(value)]


def _is_text(text: str) -> bool:
    """Return whether a string can be written in UTF-8; bytes that no decoder knew cannot."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)


def _is_path_text(text: str) -> bool:
    """Return whether a string can be a path, which may hold bytes that are no UTF-8."""
    return _is_text(without_surrogates(text))
