"""Tables that fit the terminal: columns are left out, or rows become blocks; no figure is cut."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from bsgrow.cli.terminal import plain_text
from bsgrow.text.printable import printable_lines

_GAP = 2  # characters between two columns
_MIN_WORDS = 20  # of a column of words, below which it is no longer read with pleasure
_INDENT = 2  # of the lines of a block

Cell = str | Text
_WidthOf = Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in a column, and what becomes of it where the terminal is narrow.

    Attributes:
        name: its heading, over several lines if it has them.
        right: whether its cells end at one edge, as figures do.
        words: whether its cells are text that may go over several lines.
        leaves: its turn to be left out, 1 first; None stays.
    """

    name: str
    right: bool = False
    words: bool = False
    leaves: int | None = None


def figures(*names: str) -> list[Column]:
    """Return columns of figures that stay."""
    return [Column(name, right=True) for name in names]


class FittedTable:
    """Rows under headings, for rich to print; in a pipe all of it stands, however wide.

    Args:
        columns: from left to right; the first names a row.
        title: stands above.
    """

    def __init__(self, columns: Sequence[Column], title: str = "") -> None:
        self.columns = [replace(c, name=printable_lines(c.name)) for c in columns]
        self.title = title
        self.rows: list[tuple[list[Text], str]] = []

    def add_row(self, *cells: Cell, style: str = "") -> None:
        """Add a row, a cell a column."""
        texts = [cell if isinstance(cell, Text) else plain_text(cell) for cell in cells]
        self.rows.append((texts, style))
        assert len(texts) == len(self.columns), "a cell for each column"

    def width(self) -> int:
        """Return the characters that all columns take, words on as few lines as they have."""
        return self._width(range(len(self.columns)), self._widest)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render what fits into the console."""
        every = range(len(self.columns))
        width = options.max_width
        if not console.is_terminal:
            width = max(width, self._width(every, self._narrowest))
        kept = self._kept(width)
        if self.title:
            yield plain_text(self.title, "bold")
        if kept is None:
            yield from self._blocks()
            return
        yield from console.render(self._table(kept), options.update_width(width))
        left_out = [_flat(self.columns[i].name) for i in every if i not in kept]
        if left_out:
            yield Text(f"left out at {width} columns: {', '.join(left_out)}", style="dim")

    def _kept(self, width: int) -> list[int] | None:
        """Return the columns that a width has room for; None if it has for no table."""
        kept = list(range(len(self.columns)))
        leaving = sorted((c.leaves, i) for i, c in enumerate(self.columns) if c.leaves is not None)
        for index in [None, *(i for _, i in leaving)]:
            kept = [i for i in kept if i != index]
            if self._width(kept, self._narrowest) <= width:
                return kept
        return None

    def _width(self, columns: Sequence[int], width_of: _WidthOf) -> int:
        return sum(map(width_of, columns)) + _GAP * (len(columns) - 1)

    def _widest(self, index: int) -> int:
        lines = [line for text in self._texts(index) for line in text.split("\n")]
        return max(map(cell_len, lines))

    def _narrowest(self, index: int) -> int:
        """Return what a column needs so that no figure is cut and words are no pillar."""
        widest = self._widest(index)
        return min(widest, _MIN_WORDS) if self.columns[index].words else widest

    def _texts(self, index: int) -> list[str]:
        return [self.columns[index].name, *(texts[index].plain for texts, _ in self.rows)]

    def _table(self, kept: Sequence[int]) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in (self.columns[i] for i in kept):
            table.add_column(
                Text(column.name),
                justify="right" if column.right else "left",
                no_wrap=not column.words,
                overflow="fold",
            )
        for texts, style in self.rows:
            table.add_row(*(texts[i] for i in kept), style=style)
        return table

    def _blocks(self) -> Iterator[Table | Text]:
        """Yield a heading for each row, and its cells below each other."""
        names = [_flat(column.name) for column in self.columns]
        for texts, style in self.rows:
            yield Text(f"{names[0]} ".lstrip(), style="dim").append_text(texts[0])
            block = Table.grid(padding=(0, _GAP, 0, 0))
            block.add_column(no_wrap=True)
            block.add_column(overflow="fold")
            for name, text in zip(names[1:], texts[1:], strict=True):
                if name or text.plain:
                    block.add_row(Text(" " * _INDENT + name), text, style=style)
            yield block


def _flat(name: str) -> str:
    return " ".join(name.split())
