"""`bsgrow compare`: the arms of a recipe over seeds, as a table and a picture."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bsgrow.cli.console import err, note, out, print_json, print_words
from bsgrow.cli.examples import with_examples
from bsgrow.cli.options import Format, FormatOption, RecipeArgument
from bsgrow.cli.overrides import Overrides, takes_overrides
from bsgrow.cli.table import Column, FittedTable, figures
from bsgrow.errors import BsgrowError, InputError
from bsgrow.text.command import Command, option
from bsgrow.text.printable import cut, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bsgrow.cli.stopping import StopRequest
    from bsgrow.recipe import OpenedData, Recipe
    from bsgrow.reporting.comparison import Arm, Spread
    from bsgrow.training import RunDirectory, RunFinished


_NUM_SEEDS = 2**64


_EXAMPLES = (
    "bsgrow compare digits --seeds 0,1,2,3,4",
    "bsgrow compare digits --epochs 12 --set 'schedule.curve.milestones=[4, 8]'",
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare", cls=with_examples(*_EXAMPLES))(compare)


@takes_overrides
def compare(
    recipe: RecipeArgument = "digits",
    *,
    changed: Overrides,
    arms: Annotated[
        str, typer.Option(help="Which arms, of decay, hybrid and grow; separated by commas.")
    ] = "decay,grow",
    seeds: Annotated[
        str | None,
        typer.Option(
            help="Which seeds, separated by commas; that of the recipe and the next two where "
            "absent, mostly 0,1,2.",
            show_default=False,
        ),
    ] = None,
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
    """Train the arms of a recipe over several seeds and compare them.

    `decay` is the run as published, `grow` spends every decay of the learning rate in batch size,
    `hybrid` only the first. The picture shows training loss and test accuracy, against epochs,
    where the curves lie on each other, and against parameter updates, where they do not.

    Runs that are finished are not made again: the same command goes on where it was stopped. A run
    that diverges counts in no figure: it is named, and the exit code is 1.
    """
    from bsgrow.reporting.matplotlib_defaults import import_matplotlib

    import_matplotlib()
    from bsgrow.reporting.arms import require_none_diverged
    from bsgrow.reporting.comparison import comparison_as_dict
    from bsgrow.reporting.comparison_plot import plot_comparison
    from bsgrow.training import write_json

    loaded = changed.load(recipe)
    folder = out_dir or Path("runs") / f"compare-{Path(recipe).stem}"
    results = _run_arms(
        loaded, _names(arms), _seeds(seeds, changed.flags.get("seed"), loaded), folder
    )
    picture = folder / "compare.png"
    title = f"{Path(recipe).stem}: mean ± standard deviation over seeds"
    plot_comparison(results, title, picture)
    comparison = comparison_as_dict(results) | {"picture": str(picture)}
    write_json(folder / "compare.json", comparison)
    if output is Format.JSON:
        print_json(comparison)
    else:
        out.print(_table(results))
        for line in _differences(results):
            print_words(line)
        out.print(f"picture: {printable(picture)}")
    require_none_diverged(results, folder)


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in text.split(",")))


def _seeds(text: str | None, first: object, recipe: "Recipe") -> list[int]:
    """Return the seeds that are named, or that of the recipe and the next two."""
    if text is None:
        return [(recipe.run.seed + k) % _NUM_SEEDS for k in range(3)]
    if first is not None and first not in _numbers(text):
        raise InputError(
            f"--seed {first}: is not one of --seeds {cut(text)}",
            hint=f"pass {option('--seeds', first)}",
        )
    return _numbers(text)


def _numbers(text: str) -> list[int]:
    try:
        return list(dict.fromkeys(int(number) for number in text.split(",")))
    except ValueError as error:
        raise InputError(
            f"--seeds {cut(text)}: not whole numbers separated by commas", hint="--seeds 0,1,2"
        ) from error


def _run_arms(recipe: "Recipe", arms: list[str], seeds: list[int], folder: Path) -> "list[Arm]":
    """Train what is not finished yet, arm by arm, after checking that every arm can be planned."""
    from bsgrow.cli.stopping import StopRequest
    from bsgrow.recipe import OpenedData
    from bsgrow.reporting.arms import Comparing

    comparing = Comparing(recipe, seeds, folder, OpenedData())
    comparing.check(arms)
    with StopRequest() as stop:
        return comparing.run_arms(arms, partial(_run, stop, comparing.opened), note)


def _run(
    stop: "StopRequest", opened: "OpenedData", recipe: "Recipe", directory: "RunDirectory"
) -> "RunFinished":
    from bsgrow.cli.running import carry_out_stoppable

    begun, again = directory.is_begun(), Command(tuple(sys.argv[1:]))
    try:
        finished = carry_out_stoppable(
            recipe, directory, begun, stop, lines=False, go_on=again, opened=opened
        )
    except BsgrowError as error:
        error.message = f"{printable(directory.path)}: {error.message}"
        raise
    accuracy = f"test accuracy {finished.test_accuracy:.2%}"
    err.print(f"{printable(directory.path)}: {accuracy}, {finished.num_updates} updates")
    return finished


def _differences(arms: "Sequence[Arm]") -> "Iterator[str]":
    """Yield a sentence for each arm beside the first."""
    from bsgrow.reporting.comparison import accuracy_difference
    from bsgrow.reporting.difference import CONFIDENCE

    first, *others = arms
    for arm in others:
        found = accuracy_difference(arm, first)
        if found is None:
            continue
        what = f"{arm.name} − {first.name}: test accuracy {100 * found.mean:+.2f} points"
        if found.interval is None:
            yield f"{what}; a single run tells no uncertainty, more --seeds do"
            continue
        low, high = (100 * edge for edge in found.interval)
        numbers = " and ".join(map(str, found.counts))
        yield f"{what}, {CONFIDENCE:.0%} interval {low:+.2f} to {high:+.2f} (Welch, n = {numbers})"


_COLUMNS = (
    Column("arm"),
    *figures("n", "test accuracy", "updates"),
    Column("of the baseline", right=True, leaves=1),
    Column("wall-clock", right=True, leaves=2),
)


def _table(arms: "Sequence[Arm]") -> FittedTable:
    table = FittedTable(_COLUMNS)
    for arm in arms:
        table.add_row(
            arm.name,
            arm.count,
            _spread(arm, arm.test_accuracy, ".2%"),
            f"{arm.num_updates}",
            f"{arm.num_updates / arm.baseline_num_updates:.1%}",
            _spread(arm, arm.wall_seconds, ".1f", " s"),
        )
    return table


def _spread(arm: "Arm", spread: "Spread | None", digits: str, unit: str = "") -> str:
    if spread is None:
        return "diverged"
    if len(arm.runs) == 1:  # which has no deviation
        return f"{spread.mean:{digits}}{unit}"
    return f"{spread.mean:{digits}} ± {spread.std:{digits}}{unit}"
