"""`bsgrow doctor`: what was built, what is found, and why something is missing."""

import typer

from bsgrow.cli.format import Format, FormatOption
from bsgrow.cli.usage import EscapedErrors


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(output: FormatOption = Format.TABLE) -> None:
    """Say what was built, what is found on this machine, and why something is missing.

    The last line says what works here, and what to do for the rest. Under torchrun one table has a
    row for each process, and marks what differs from the first.

    Exits 0 where training on the CPU works, and 1 where something that it needs does not.
    """
    from bsgrow.cli.findings import print_findings

    print_findings(output)


app = typer.Typer(cls=EscapedErrors, context_settings={"help_option_names": ["-h", "--help"]})
"""The command by itself, for where the others cannot be loaded."""

app.callback()(lambda: None)  # without it, typer would take the name of a lone command away
register(app)
