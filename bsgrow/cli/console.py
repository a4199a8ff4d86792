"""Where the command line writes: data to stdout, everything else to stderr."""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from rich.console import Console

from bsgrow.command import as_options
from bsgrow.errors import BsgrowError

_PIPE_WIDTH = 120  # of words in a pipe or a log, which need not fit a terminal
_DUMB = ("dumb", "unknown")


def size_of(stream: TextIO) -> tuple[int | None, int | None]:
    """Return the width and height of a console where rich would not find them by itself."""
    if not stream.isatty():
        return _PIPE_WIDTH, None
    if os.environ.get("TERM", "").lower() not in _DUMB:
        return None, None
    return shutil.get_terminal_size()  # rich takes 80 columns for every dumb terminal


class _Remarks(Console):
    """What goes to stderr; a reader of it that has left does not end the command."""

    def on_broken_pipe(self) -> None:
        """Say nothing from here on."""
        self.quiet = True


_width, _height = size_of(sys.stdout)
out = Console(highlight=False, soft_wrap=True, width=_width, height=_height)
err = _Remarks(stderr=True, highlight=False, soft_wrap=True)


def print_words(text: str) -> None:
    """Write a sentence to stdout, on a terminal in lines that end between two words."""
    out.print(text, markup=False, soft_wrap=not out.is_terminal)


def print_json(value: Mapping[str, Any]) -> None:
    """Write one JSON object to stdout, floats in full precision; none may be infinite or nan."""
    sys.stdout.write(json.dumps(value, indent=2, allow_nan=False) + "\n")


def print_error(error: BsgrowError) -> None:
    """Write an error and its hint to stderr."""
    err.print("[bold red]error:[/]", end=" ")
    err.print(error.message, markup=False)
    if error.hint:
        print_hint(error.hint)


def print_hint(hint: str) -> None:
    """Write what to do to stderr."""
    err.print("[bold cyan]hint:[/]", end=" ")
    err.print(as_options(hint), markup=False)


def note(message: str) -> None:
    """Write a remark to stderr."""
    err.print("[bold yellow]note:[/]", end=" ")
    err.print(message, markup=False)
