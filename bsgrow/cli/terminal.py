"""Where the command line writes for people: data to stdout, everything else to stderr.

Whatever is written here, of whatever origin, is escaped where it is not printable: strings as they
are printed, the cells of tables by ``plain_text`` as they come.
"""

import os
import shutil
import sys
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from bsgrow.text.printable import printable_lines

_PIPE_WIDTH = 120  # of words in a pipe or a log, which need not fit a terminal
_DUMB = ("dumb", "unknown")


def size_of(output: TextIO) -> tuple[int | None, int | None]:
    """Return the width and height of a console where rich would not find them by itself."""
    if not output.isatty():
        return _PIPE_WIDTH, None
    if os.environ.get("TERM", "").lower() not in _DUMB:
        return None, None
    return shutil.get_terminal_size()  # rich takes 80 columns for every dumb terminal


class _Plain(Console):
    """Writes text as it is: printable, and neither as markup nor with the names of emoji in it."""

    def __init__(self, **how: Any) -> None:
        super().__init__(highlight=False, soft_wrap=True, markup=False, emoji=False, **how)

    def print(self, *objects: Any, **how: Any) -> None:
        """Write strings, each escaped where it is not printable, and what renders itself."""
        super().print(*(plain_text(o) if isinstance(o, str) else o for o in objects), **how)


def plain_text(text: str, style: str = "") -> Text:
    """Return a text for rich that is escaped where it is not printable; line breaks stay."""
    return Text(printable_lines(text), style=style)


class _Remarks(_Plain):
    """What goes to stderr; a reader of it that has left does not end the command."""

    def on_broken_pipe(self) -> None:
        """Say nothing from here on."""
        self.quiet = True


_width, _height = size_of(sys.stdout)
out = _Plain(width=_width, height=_height)
err = _Remarks(stderr=True)
