"""`bsgrow plan`: compile a schedule and print it."""

import csv
import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from bsgrow.cli.console import note, out, print_json
from bsgrow.cli.options import OptionalRecipeArgument, SetOption
from bsgrow.cli.plan_table import plan_table, savings
from bsgrow.cli.schedule_options import (
    BatchSizeOption,
    CurveArgumentOption,
    CurveOption,
    EpochsOption,
    LrOption,
    MaxBatchSizeOption,
    MomentumOption,
    SamplesOption,
    UnitOption,
    as_overrides,
)
from bsgrow.recipe import Recipe, load_recipe, plan_recipe, schedule_recipe
from bsgrow.schedule import as_dict, notes, phase_rows, update_rows


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
    recipe: OptionalRecipeArgument = None,
    overrides: SetOption = None,
    output: Annotated[
        PlanFormat, typer.Option("--format", help="What goes to stdout.")
    ] = PlanFormat.TABLE,
    every: Annotated[
        Every, typer.Option("--every", help="With `--format csv`: what a row stands for.")
    ] = Every.PHASE,
    samples: SamplesOption = None,
    epochs: EpochsOption = None,
    batch_size: BatchSizeOption = None,
    lr: LrOption = None,
    momentum: MomentumOption = None,
    curve: CurveOption = None,
    curve_arguments: CurveArgumentOption = None,
    unit: UnitOption = None,
    max_batch_size: MaxBatchSizeOption = None,
) -> None:
    """Compile a learning-rate schedule into a batch-growing one and print it.

    What is printed is exactly what `bsgrow train` executes. No data is needed: the number of
    samples is known for the named data sets, and `--samples N` gives it for others. A schedule can
    be written without a recipe; with one, the same options change it.

    Examples:
    - `bsgrow plan cifar10-grow`

    - `bsgrow plan cifar10-grow --set growth.max_batch_size=8192 --set growth.lr_scale=2`

    - `bsgrow plan cifar10-grow --format csv --every update > plan.csv`

    - `bsgrow plan --samples 50000 --epochs 200 --batch-size 128 --lr 0.1
      --curve CosineAnnealingLR --curve-arg T_max=200 --max-batch-size 5000`
    """
    options = {
        "samples": samples,
        "epochs": epochs,
        "batch_size": batch_size,
        "lr": lr,
        "momentum": momentum,
        "unit": unit,
        "max_batch_size": max_batch_size,
    }
    written = list(as_overrides(options, curve, curve_arguments or []))
    loaded = _load(recipe, written, overrides or [])
    compiled = plan_recipe(loaded)
    if output is PlanFormat.JSON:
        print_json(as_dict(compiled))
    elif output is PlanFormat.CSV:
        rows = update_rows(compiled) if every is Every.UPDATE else phase_rows(compiled)
        _print_csv(rows)
    else:
        out.print(plan_table(loaded, compiled))
        out.print(savings(compiled))
    for remark in notes(compiled):
        note(remark)


def _load(recipe: str | None, written: list[str], overrides: list[str]) -> Recipe:
    """Return the recipe that is named, or that the options write; --set has the last word."""
    if recipe is None and written:
        return schedule_recipe([*written, *overrides])
    return load_recipe(recipe or "digits", [*written, *overrides])


def _print_csv(rows: Iterable[Mapping[str, Any]]) -> None:
    rows = iter(rows)
    first = next(rows)
    writer = csv.DictWriter(sys.stdout, list(first), lineterminator="\n")
    writer.writeheader()
    writer.writerow(first)
    writer.writerows(rows)
