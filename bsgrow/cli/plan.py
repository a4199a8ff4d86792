"""`bsgrow plan`: compile a schedule and print it."""

import csv
import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from bsgrow.cli.console import note, out, print_json
from bsgrow.cli.options import RecipeArgument, SetOption
from bsgrow.cli.plan_table import plan_table, savings
from bsgrow.recipe import load_recipe
from bsgrow.recipe.planning import plan_recipe
from bsgrow.schedule import as_dict, notes, update_rows


class PlanFormat(StrEnum):
    """How the plan is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class Every(StrEnum):
    """What one row of the CSV stands for."""

    PHASE = "phase"
    UPDATE = "update"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan")(plan)


def plan(
    recipe: RecipeArgument = "digits",
    overrides: SetOption = None,
    output: Annotated[
        PlanFormat, typer.Option("--format", help="What goes to stdout.")
    ] = PlanFormat.TABLE,
    every: Annotated[
        Every, typer.Option("--every", help="With `--format csv`: what a row stands for.")
    ] = Every.PHASE,
) -> None:
    """Compile a learning-rate schedule into a batch-growing one and print it.

    What is printed is exactly what `bsgrow train` executes. No data is needed: the number of
    samples is known for the named data sets, and `--set data.num_samples=N` gives it for others.

    Examples:
    - `bsgrow plan cifar10-grow`

    - `bsgrow plan cifar10-grow --set growth.max_batch_size=8192 --set growth.lr_scale=2`

    - `bsgrow plan cifar10-grow --format csv --every update > plan.csv`
    """
    loaded = load_recipe(recipe, overrides or ())
    compiled = plan_recipe(loaded)
    if output is PlanFormat.JSON:
        print_json(as_dict(compiled))
    elif output is PlanFormat.CSV:
        rows = update_rows(compiled) if every is Every.UPDATE else as_dict(compiled)["phases"]
        _print_csv(rows)
    else:
        out.print(plan_table(loaded, compiled))
        out.print(savings(compiled))
    for remark in notes(compiled):
        note(remark)


def _print_csv(rows: Iterable[Mapping[str, Any]]) -> None:
    rows = iter(rows)
    first = next(rows)
    writer = csv.DictWriter(sys.stdout, list(first), lineterminator="\n")
    writer.writeheader()
    writer.writerow(first)
    writer.writerows(rows)
