"""What typer says of a command line that is wrong, with the words of it fit to print."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from typer.core import TyperGroup

from bsgrow.text.printable import printable_lines


class Commands(TyperGroup):
    """The commands, whose errors quote what was typed escaped."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Take the command line apart."""
        with _escaped():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Take the words of a command apart, and run it."""
        with _escaped():
            return super().invoke(ctx)


@contextmanager
def _escaped() -> Iterator[None]:
    """Let an error that can be shown as a message show one that is printable."""
    try:
        yield
    except Exception as error:  # of a class that typer does not export
        if hasattr(error, "format_message"):
            text = printable_lines(error.format_message())
            vars(error)["format_message"] = lambda: text
        raise
