"""Tables of Markdown."""

from collections.abc import Iterable, Iterator, Sequence


def escaped(text: str) -> str:
    """Return text as a cell of a table holds it: one line, in which no bar ends it."""
    return " ".join(text.split()).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table and an empty one; nothing where it has no row."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if lines:
        yield from (f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *lines, "")
