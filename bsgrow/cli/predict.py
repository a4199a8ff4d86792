"""`bsgrow predict`: the classes that a trained model sees in image files."""

from enum import StrEnum
from typing import Annotated

import typer

from bsgrow.cli.examples import with_examples
from bsgrow.cli.trained_options import CheckpointOption, RunArgument, WeightsOption

_EXAMPLES = (
    "bsgrow predict runs/flowers rose.jpg",
    "bsgrow predict runs/flowers photographs --format csv",
)


class Output(StrEnum):
    """How predictions are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("predict", cls=with_examples(*_EXAMPLES))(predict)


def predict(
    run: RunArgument,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|FOLDER|-", help="Images, folders of them, or `-`: paths from stdin."
        ),
    ],
    *,
    checkpoint: CheckpointOption = "best",
    weights: WeightsOption = None,
    output: Annotated[
        Output, typer.Option("--format", help="What goes to stdout: for people, or for programs.")
    ] = Output.TABLE,
) -> None:
    """Say which classes the model of a run sees in images, and how probable they are.

    `-` reads paths from stdin, one a line. A file that cannot be read is named on stderr, the
    others are done, and the exit code is 1.
    """
    from bsgrow.cli.predictions import files_of, print_predictions
    from bsgrow.trained.opened import open_run
    from bsgrow.trained.predicting import predict as ask

    opened = open_run(run, checkpoint, weights.value if weights else None)
    if print_predictions(ask(opened, files_of(sources)), output.value):
        raise typer.Exit(1)
