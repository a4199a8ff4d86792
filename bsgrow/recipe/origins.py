"""Where the keys of a recipe come from: other recipes, and the literature."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bsgrow.text.printable import cut

ORIGINS = ("sources", "inherited", "made_from")
"""Keys of a recipe that say where the others come from, and change no run."""

_KEY = re.compile(r"[\w.]+")
_MAX_DEPTH = 64  # of tables, as `check_values` has it


def leaves(value: object, key: str) -> Iterator[str]:
    """Yield the dotted keys below one whose value is a table, or that key itself."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from leaves(inner, f"{key}.{name}")
    else:
        yield key


def touched(keys: Iterable[str], changed: Iterable[str]) -> list[str]:
    """Return those of some keys that are changed, are in a table that is, or hold what is."""
    exactly = {*changed}
    holding = {table for key in exactly for table in _upwards(key)}
    return [key for key in keys if key in holding or not exactly.isdisjoint(_upwards(key))]


def inherited_keys(table: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what the table of a recipe says is inherited; nothing where that is no such thing."""
    inherited = table.get("inherited")
    lists = list(inherited.values()) if isinstance(inherited, Mapping) else [None]
    if not all(isinstance(keys, list | tuple) for keys in lists):
        return {}
    if not all(isinstance(key, str) for keys in lists for key in keys or ()):
        return {}
    return {name: [*keys] for name, keys in (inherited or {}).items()}


def forget(table: Mapping[str, Any], changed: Iterable[str]) -> dict[str, Any]:
    """Return the table of a recipe without what it says on the origin of keys that are changed."""
    kept, changed = dict(table), [*changed]
    if isinstance(sources := table.get("sources"), Mapping):
        kept["sources"] = _without(sources, touched(sources, changed))
    if inherited := inherited_keys(table):
        lists = {
            name: [*_without(dict.fromkeys(keys), touched(keys, changed))]
            for name, keys in inherited.items()
        }
        kept["inherited"] = {name: keys for name, keys in lists.items() if keys}
    return kept


def telling_origin(message: str, inherited: Mapping[str, Iterable[str]]) -> str:
    """Return an error in a recipe with the recipe that its key was taken from, line by line.

    Args:
        message: each line begins with a key, such as ``growth.factor``, or says something else.
        inherited: by recipe, the keys that are taken from it.
    """
    return "\n".join(_told(line, inherited) for line in message.split("\n"))


def _told(line: str, inherited: Mapping[str, Iterable[str]]) -> str:
    found = _KEY.match(line)
    key = [found[0].rstrip(".")] if found else []
    names = [name for name, keys in inherited.items() if touched(keys, key)]
    return f"{line}; inherited from {', '.join(map(cut, names))}" if names else line


def _without(table: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    left_out = {*keys}
    return {key: value for key, value in table.items() if key not in left_out}


def _upwards(key: str) -> Iterator[str]:
    """Yield a dotted key and the tables that it is in, the outermost first."""
    parts = key.split(".", _MAX_DEPTH)
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1))
