"""Examples under the help of a command: each in one line, so that it can be pasted whole."""

from typing import Any, ClassVar

import typer
from typer.core import TyperCommand


class _CommandWithExamples(TyperCommand):
    examples: ClassVar[tuple[str, ...]]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, fitted to the terminal, and below it the examples as they are."""
        super().format_help(ctx, formatter)
        typer.echo("\n".join([" Examples:", "", *(f"   {line}" for line in self.examples), ""]))


def with_examples(*examples: str) -> type[TyperCommand]:
    """Return the class of a command whose help ends in examples, whole command lines."""
    return type("CommandWithExamples", (_CommandWithExamples,), {"examples": examples})
