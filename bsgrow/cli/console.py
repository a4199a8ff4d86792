"""Where the command line writes: data to stdout, everything else to stderr."""

import json
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from rich.console import Console

from bsgrow.errors import BsgrowError

_PIPE_WIDTH = 120  # a table in a pipe or a log need not fit a terminal


def _width(stream: TextIO) -> int | None:
    return None if stream.isatty() else _PIPE_WIDTH


class _Remarks(Console):
    """What goes to stderr; a reader of it that has left does not end the command."""

    def on_broken_pipe(self) -> None:
        """Say nothing from here on."""
        self.quiet = True


out = Console(highlight=False, soft_wrap=True, width=_width(sys.stdout))
err = _Remarks(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Mapping[str, Any]) -> None:
    """Write one JSON object to stdout, floats in full precision; none may be infinite or nan."""
    sys.stdout.write(json.dumps(value, indent=2, allow_nan=False) + "\n")


def print_error(error: BsgrowError) -> None:
    """Write an error and its hint to stderr."""
    err.print("[bold red]error:[/]", end=" ")
    err.print(error.message, markup=False)
    if error.hint:
        err.print("[bold cyan]hint:[/]", end=" ")
        err.print(error.hint, markup=False)


def note(message: str) -> None:
    """Write a remark to stderr."""
    err.print("[bold yellow]note:[/]", end=" ")
    err.print(message, markup=False)
