"""Overrides as TOML has them, with dots or in tables, as keys with dots."""

from collections.abc import Iterator, Mapping
from typing import Any


def dotted_values(table: Mapping[str, Any]) -> dict[str, object]:
    """Return each key of the recipe that a table changes, with its value.

    ``"schedule.lr" = 1``, ``schedule.lr = 1`` and ``schedule = { lr = 1 }`` say the same. A curve
    with a ``name`` takes the place of the whole curve.
    """
    return dict(_walk(table, ""))


def _walk(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, object]]:
    for name, value in table.items():
        key = f"{prefix}{name}"
        is_whole = key == "schedule.curve" and isinstance(value, Mapping) and "name" in value
        if isinstance(value, Mapping) and value and not is_whole:
            yield from _walk(value, f"{key}.")
        else:
            yield key, value
