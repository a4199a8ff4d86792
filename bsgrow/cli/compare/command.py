"""`bsgrow compare`: the arms of a recipe, or an experiment, as a table and a picture."""

from pathlib import Path
from typing import Annotated

import typer

from bsgrow.cli.examples import with_examples
from bsgrow.cli.options import Format, FormatOption, complete_recipe
from bsgrow.cli.overrides import Overrides, takes_overrides

_EXAMPLES = (
    "bsgrow compare digits --seeds 0,1,2,3,4",
    "bsgrow compare digits --epochs 12 --set 'schedule.curve.milestones=[4, 8]'",
    "bsgrow compare experiment.toml --dry-run",
    "bsgrow compare experiment.toml --arms decay,grow --seeds 0,1 --jobs 2",
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare", cls=with_examples(*_EXAMPLES))(compare)


@takes_overrides
def compare(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="[RECIPE]",
            help="A shipped recipe (see `bsgrow recipes`), the path of a TOML file, or that of an "
            "experiment, a TOML file with `[arms]`; `digits` where absent.",
            show_default=False,
            autocompletion=complete_recipe,
        ),
    ] = "digits",
    *,
    changed: Overrides,
    arms: Annotated[
        str | None,
        typer.Option(
            "--arms",
            "--only",
            help="Which arms, separated by commas: of decay, hybrid and grow, by default "
            "decay,grow; of an experiment those of its own that come now, by default all.",
            show_default=False,
        ),
    ] = None,
    optimizers: Annotated[
        str | None,
        typer.Option(
            help="Which optimizers of an experiment come now, separated by commas; all where "
            "absent.",
            show_default=False,
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            help="Which seeds, separated by commas; that of the recipe and the next two where "
            "absent, mostly 0,1,2; of an experiment those that come now, by default all.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1024,
            help="Runs at a time, each in a process of its own; as many as cores and memory allow, "
            "or one a CUDA device, where absent.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="List runs, updates and the expected time; make none. Where no run is finished, a "
            "few seconds of one are trained.",
        ),
    ] = False,
    out_dir: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Where the runs and the picture are kept; `runs/compare-RECIPE` where absent.",
        ),
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Train the arms of a recipe, or of an experiment, over several seeds and compare them.

    `decay` is the run as published, `grow` spends every decay of the learning rate in batch size,
    `hybrid` only the first. The picture shows training loss and test accuracy, against epochs,
    where the curves lie on each other, and against parameter updates, where they do not.

    Runs that are finished are not made again: the same command goes on where it was stopped. A run
    that diverges or fails counts in no figure: it is named, and the exit code is 1.
    """
    from bsgrow.cli.compare.wanted import Words, wanted

    words = Words(recipe, changed, arms, optimizers, seeds)
    asked = wanted(words, out_dir)
    from bsgrow.cli.compare.printing import print_comparison
    from bsgrow.recipe import OpenedData

    opened = OpenedData(runs_code=True)
    print_comparison(asked, opened, jobs=jobs, dry_run=dry_run, output=output)
