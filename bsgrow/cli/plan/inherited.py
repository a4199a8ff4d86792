"""What a recipe takes from others, as lines for people."""

from collections.abc import Iterable, Iterator

from bsgrow.recipe import Recipe
from bsgrow.text.printable import printable

_ABOUT = ("description", "time")  # words on a recipe, which change no plan


def inherited_lines(recipe: Recipe) -> Iterator[str]:
    """Yield a line for each recipe that another one takes keys from, the most distant first."""
    for name, keys in recipe.inherited.items():
        taken = _by_table(key for key in keys if key not in _ABOUT)
        if taken:
            yield printable(f"inherited from {name}: {taken}")


def _by_table(keys: Iterable[str]) -> str:
    """Return keys with the table that several are of named once: ``model.{depth, width}``."""
    tables: dict[str, list[str]] = {}
    for key in keys:
        table, _, name = key.rpartition(".")
        tables.setdefault(table, []).append(name)
    return ", ".join(_table(table, names) for table, names in tables.items())


def _table(table: str, names: list[str]) -> str:
    listed = ", ".join(names)
    inside = f"{{{listed}}}" if len(names) > 1 else listed
    return f"{table}.{inside}" if table else listed
