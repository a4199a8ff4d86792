"""``extends``: a recipe that takes the keys of another one, over any number of levels."""

from collections.abc import Iterator, Mapping
from typing import Any

from bsgrow.errors import InputError, did_you_mean
from bsgrow.recipe.origins import ORIGINS, forget, leaves, touched
from bsgrow.recipe.source import Source
from bsgrow.recipe.values import check_values
from bsgrow.text.printable import cut, printable, shown

EXTENDS, UNSET = "extends", "unset"
"""Keys that a file has and no recipe: what it takes keys from, and which of them it does not."""

_MOST_LEVELS = 100
_SHOWN = 6  # recipes of a circle that an error names
_OF_ONE_NAME = ("data", "model")  # tables whose other keys belong to what their name names
_EXAMPLE = 'such as extends = "digits"; a path begins where this file lies'


def read_inherited(name_or_path: str) -> dict[str, Any]:
    """Read a recipe, with the keys that it takes from others.

    Tables are merged key by key, and all else is replaced. A curve, a model or data of another
    ``name`` takes the place of the whole table, whose other keys belong to what it named.

    Returns:
        Its table; ``inherited`` in it has, by recipe, the keys that were taken from that, and
        ``made_from`` its own name.

    Raises:
        InputError: it, or one that it extends, cannot be read; or they extend each other.
    """
    levels = list(_levels(Source(name_or_path)))
    ((own, table), *above) = levels
    if not above and UNSET not in table:
        return table
    merged = _Merged()
    for source, keys in reversed(levels):
        try:
            check_values(keys)
            merged.add(printable(source.name), keys)
        except InputError as error:
            raise InputError(f"{_called(source, own)}: {error.message}", error.hint) from error
    name = printable(own.name)
    return {**merged.table, "inherited": merged.inherited(name), "made_from": name}


def _levels(source: Source) -> Iterator[tuple[Source, dict[str, Any]]]:
    """Yield a recipe, the one that it extends, and so on, with what each file says."""
    own, seen, table = source, [source], source.read()
    while (extended := table.pop(EXTENDS, None)) is not None:
        yield source, table
        where = f"{_called(source, own)}: {EXTENDS} = {shown(extended)}"
        if not isinstance(extended, str) or "\0" in extended:
            raise InputError(f"{where}: must be the name or the path of one recipe", _EXAMPLE)
        source = source.beside(extended)
        _require_new(source, seen, where)
        seen.append(source)
        try:
            table = source.read()
        except InputError as error:
            raise InputError(f"{where}: {error.message}", error.hint) from error
    yield source, table


def _require_new(source: Source, seen: list[Source], where: str) -> None:
    places = [each.place for each in seen]
    if source.place in places:
        circle = [cut(each.name) for each in seen[places.index(source.place) :]]
        middle = ["…"] if len(circle) > _SHOWN else []
        way = " → ".join([*circle[:_SHOWN], *middle, circle[0]])
        raise InputError(
            f"{where}: a recipe cannot extend itself, {way}",
            f"leave {EXTENDS} out of one of them",
        )
    if len(seen) > _MOST_LEVELS:
        raise InputError(
            f"{where}: is more than {_MOST_LEVELS} levels above {cut(seen[0].name)}",
            f"write keys into fewer files, or leave {EXTENDS} out of one of them",
        )


def _called(source: Source, own: Source) -> str:
    """Return what an error calls a recipe: also the one that the user named, if it is another."""
    name = printable(source.name)
    return name if source == own else f"{name}, which {printable(own.name)} extends"


class _Merged:
    """Recipes merged from the most distant one on.

    Attributes:
        table: the keys so far.
    """

    def __init__(self) -> None:
        self.table: dict[str, Any] = {}
        self._origins: dict[str, str] = {}

    def add(self, name: str, own: dict[str, Any]) -> None:
        """Add the keys of a recipe that extends those before it; raises InputError."""
        unset, sources = own.pop(UNSET, []), own.pop("sources", {})
        for key in ("inherited", "made_from"):  # of a run, whose recipe is as good as any
            own.pop(key, None)
        if not isinstance(unset, list) or not all(isinstance(key, str) for key in unset):
            raise InputError(
                f"{UNSET} = {shown(unset)}: must be a list of keys that are inherited",
                f'{UNSET} = ["growth.max_batch_size"]',
            )
        for key in unset:
            self._remove(key)
        changed = [*unset, *_put(self.table, own)]
        self._replace(changed, name)
        self.table = forget(self.table, changed)
        _put(self.table, {"sources": sources})

    def inherited(self, own: str) -> dict[str, list[str]]:
        """Return by recipe the keys that are in the table, those of one left out."""
        keys: dict[str, list[str]] = {}
        for top, value in self.table.items():
            for key in leaves(value, top) if top not in ORIGINS else ():
                if self._origins[key] != own:
                    keys.setdefault(self._origins[key], []).append(key)
        return keys

    def _replace(self, changed: list[str], name: str) -> None:
        """Take note that a recipe has these keys, and those in their tables, of its own."""
        for key in touched(self._origins, changed):
            del self._origins[key]
        for top, value in self.table.items():
            for key in leaves(value, top):
                self._origins.setdefault(key, name)

    def _remove(self, key: str) -> None:
        table: Any = self.table
        *parents, last = key.split(".")
        for parent in parents:
            table = table.get(parent) if isinstance(table, dict) else None
        if not isinstance(table, dict) or last not in table:
            raise InputError(
                f"{UNSET} = [{shown(key)}]: no such key is inherited",
                did_you_mean(key, self._origins) if self._origins else f"leave {UNSET} out",
            )
        del table[last]


def _put(table: dict[str, Any], own: Mapping[str, Any], place: str = "") -> list[str]:
    """Put keys into a table, and return those that were, dotted: of a table replaced, its own."""
    changed: list[str] = []
    for key, value in own.items():
        before, here = table.get(key), f"{place}{key}"
        if isinstance(before, dict) and isinstance(value, dict) and _goes_on(here, before, value):
            changed += _put(before, value, f"{here}.")
        else:
            table[key] = value
            changed.append(here)
    return changed


def _goes_on(key: str, before: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
    """Return whether a table is still of what it names, so that the keys before are too."""
    of_one_name = key in _OF_ONE_NAME or key.rpartition(".")[2] == "curve"
    return not of_one_name or value.get("name", before.get("name")) == before.get("name")
