"""`bsgrow compare`: the arms of a recipe over seeds, as a table and a picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bsgrow.cli.examples import with_examples
from bsgrow.cli.options import Format, FormatOption, RecipeArgument
from bsgrow.cli.overrides import Overrides, takes_overrides
from bsgrow.errors import InputError
from bsgrow.text.command import option
from bsgrow.text.printable import cut

if TYPE_CHECKING:
    from bsgrow.recipe import Recipe

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
    from bsgrow.recipe import OpenedData, check_arms

    loaded = changed.load(recipe)
    names, numbers = _names(arms), _seeds(seeds, changed.flags.get("seed"), loaded)
    opened = OpenedData(runs_code=True)
    check_arms(loaded, names, numbers[0], opened)
    name = Path(recipe).stem
    folder = out_dir or Path("runs") / f"compare-{name}"
    from bsgrow.cli.comparing import print_comparison

    print_comparison(loaded, name, names, numbers, folder, opened, output)


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
