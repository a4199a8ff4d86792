"""`bsgrow evaluate`: how well a trained model does on a test split."""

from pathlib import Path
from typing import Annotated

import typer

from bsgrow.cli.examples import with_examples
from bsgrow.cli.format import Format, FormatOption
from bsgrow.cli.options import SetOption
from bsgrow.cli.trained_options import CheckpointOption, RunArgument, WeightsOption

_EXAMPLES = (
    "bsgrow evaluate runs/cifar",
    "bsgrow evaluate runs/flowers --data ~/other-flowers --format json",
    "bsgrow evaluate runs/cifar --picture confusion.png",
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("evaluate", cls=with_examples(*_EXAMPLES))(evaluate)


def evaluate(
    run: RunArgument,
    *,
    checkpoint: CheckpointOption = "best",
    weights: WeightsOption = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="PATH", help="Other data of the same classes: `data.path`."),
    ] = None,
    overrides: SetOption = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture", metavar="FILE", help="Draw the confusion matrix: PNG, SVG or PDF."
        ),
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Evaluate the model of a run on its test split, or on that of other data.

    It gives accuracy, top-5 accuracy and loss, the accuracy of each class, and how often each class
    is taken for which (the confusion matrix, in JSON and as a picture). Classes of other data are
    told by their names.
    """
    from bsgrow.cli.trained_output import draw_confusion, print_evaluation, require_picture
    from bsgrow.trained.evaluating import evaluate_run
    from bsgrow.trained.opened import open_run, recipe_of

    opened = open_run(run, checkpoint, weights.value if weights else None)
    values = {} if data is None else {"data.path": str(data)}
    recipe = recipe_of(opened.directory, overrides or (), values)
    if picture is not None:
        require_picture(opened, picture)
    found = evaluate_run(opened, recipe)
    print_evaluation(opened, found, output)
    if picture is not None:
        draw_confusion(opened, found, picture)
