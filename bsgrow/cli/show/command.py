"""`bsgrow show`: where a run stands, or several side by side."""

from pathlib import Path
from typing import Annotated

import typer

from bsgrow.cli.examples import with_examples
from bsgrow.cli.format import Format, FormatOption

_EXAMPLES = (
    "bsgrow show runs/cifar",
    "bsgrow show runs/compare-digits --picture runs.png",
    "bsgrow show runs/cifar --format json",
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("show", cls=with_examples(*_EXAMPLES))(show)


def show(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN …",
            help="Folders of runs: `--out` of `train`. A folder of several, as `compare` makes it, "
            "stands for all of them.",
        ),
    ],
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture",
            metavar="FILE",
            help="Draw the curves into this file: .png, .svg or .pdf.",
        ),
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Print where a run stands, and draw its curves; several side by side.

    It says whether the run goes on, is finished, was stopped, has diverged, failed or was killed;
    how far it is; and what it has reached. The curves are over the samples consumed, so that those
    of different batches lie over each other.

    The directory of the run is all that is read, also while it is being written.
    """
    from bsgrow.cli.show.printing import print_runs

    print_runs(runs, picture, output)
