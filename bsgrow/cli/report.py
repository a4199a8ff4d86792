"""`bsgrow report`: what an experiment has come to, as a page, a table and figures."""

from pathlib import Path
from typing import Annotated

import typer

from bsgrow.cli.examples import with_examples
from bsgrow.cli.format import Format, FormatOption
from bsgrow.errors import InputError
from bsgrow.text.printable import printable

_EXAMPLES = ("bsgrow report runs/compare-digits", "bsgrow report runs/compare-digits --format json")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report", cls=with_examples(*_EXAMPLES))(report)


def report(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="The folder of an experiment: `--out` of `compare`."),
    ],
    page: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE.html",
            help="Where the page is written, and the figures beside it; `report.html` in the "
            "folder where absent.",
        ),
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Draw the report of an experiment from the directories of its runs, and nothing else.

    The page is one HTML file that needs no network: the table, a computed statement on each arm,
    the curves, what it was run on and every recipe. Each figure stands beside it as SVG and PNG.
    Each arm is held against its baseline by two one-sided tests of equivalence, within the margin
    that the experiment file sets.

    An experiment that is not finished is reported as far as it is. `--format json` prints all that
    is computed.
    """
    if not folder.is_dir():
        raise InputError(
            f"there is no folder {printable(folder)}",
            hint="name the folder of an experiment, which `bsgrow compare` makes",
        )
    from bsgrow.cli.reporting import print_report

    print_report(folder, page or folder / "report.html", output)
