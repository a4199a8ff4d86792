"""`bsgrow plan`: compile a schedule and print it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bsgrow.cli.console import note, print_text
from bsgrow.cli.examples import with_examples
from bsgrow.cli.overrides import KEYS, Overrides, takes_overrides
from bsgrow.cli.plan.combinations import require_used
from bsgrow.cli.plan.options import (
    AllReduceOption,
    ApproximateOption,
    EfficiencyOption,
    Every,
    EveryOption,
    ImportOption,
    LrToleranceOption,
    MicroBatchSizeOption,
    PlanFormat,
    PlanFormatOption,
    PlotOption,
    RecipesArgument,
    SketchOption,
    ThroughputCaseOption,
    ThroughputOption,
    ThroughputSystemOption,
    WorldSizeOption,
)
from bsgrow.cli.plan.ranks import parse_efficiency, parse_world_sizes
from bsgrow.cli.plan.schedule_options import (
    CurveArgumentOption,
    CurveOption,
    MomentumOption,
    SamplesOption,
    TokensPerSampleOption,
    UnitOption,
    schedule_values,
)

if TYPE_CHECKING:
    from bsgrow.reporting.named_plan import NamedPlan
    from bsgrow.reporting.plan_views import Views

_Asked = tuple[Sequence[str], Mapping[str, object], Sequence[str]]
"""Recipes, and what changes them: values of keys, and what ``--set`` says."""

_LIKE_A_SCHEDULE = {KEYS[name] for name in ("epochs", "lr", "batch_size")}

_EXAMPLES = (
    "bsgrow plan cifar10-grow --plot plan.png",
    "bsgrow plan cifar10-grow --max-batch-size 8192 --set growth.lr_scale=2",
    "bsgrow plan cifar10-grow --format csv --every update > plan.csv",
    "bsgrow plan --samples 50000 --epochs 200 --batch-size 128 --lr 0.1 "
    "--curve CosineAnnealingLR --curve-arg T_max=200",
    "bsgrow plan cifar10-grow cifar10-hybrid",
    "bsgrow plan cifar10-grow --world-size 1,8,64 --throughput bench.json "
    "--all-reduce latency=20us,bandwidth=50GB/s --plot wall-clock.png",
    "bsgrow plan cifar10-grow --max-batch-size 16000 --format megatron --tokens-per-sample 1024",
    "bsgrow plan digits --format lightning --micro-batch-size 8 --approximate",
    "bsgrow plan --from megatron '0:768 250B:1536' --samples 244140625 --epochs 1 --lr 3e-4 "
    "--tokens-per-sample 4096",
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan", cls=with_examples(*_EXAMPLES))(plan)


@takes_overrides
def plan(
    recipes: RecipesArgument = None,
    *,
    changed: Overrides,
    output: PlanFormatOption = PlanFormat.TABLE,
    every: EveryOption = Every.PHASE,
    samples: SamplesOption = None,
    momentum: MomentumOption = None,
    curve: CurveOption = None,
    curve_arguments: CurveArgumentOption = None,
    unit: UnitOption = None,
    tokens_per_sample: TokensPerSampleOption = None,
    plot: PlotOption = None,
    sketch: SketchOption = None,
    world_size: WorldSizeOption = None,
    throughput: ThroughputOption = None,
    throughput_system: ThroughputSystemOption = "bsgrow",
    throughput_case: ThroughputCaseOption = None,
    all_reduce: AllReduceOption = None,
    efficiency: EfficiencyOption = None,
    imported: ImportOption = None,
    micro_batch_size: MicroBatchSizeOption = None,
    approximate: ApproximateOption = False,
    lr_tolerance: LrToleranceOption = None,
) -> None:
    """Compile a learning-rate schedule into a batch-growing one and print it.

    What is printed is exactly what `bsgrow train` executes. No data is needed: the number of
    samples is known for the named data sets, and `--samples N` gives it for others. A schedule can
    be written without a recipe; with one, the same options change it. Several recipes are put side
    by side.
    """
    options = {
        "samples": samples,
        "momentum": momentum,
        "unit": unit,
        "tokens_per_sample": tokens_per_sample,
    }
    require_used(
        *(output, every, imported),
        plot=plot,
        sketch=sketch,
        world_size=world_size,
        throughput=throughput,
        throughput_case=throughput_case,
        all_reduce=all_reduce,
        efficiency=efficiency,
        micro_batch_size=micro_batch_size,
        approximate=approximate or None,
        lr_tolerance=lr_tolerance,
    )
    values = {**changed.values, **schedule_values(options, curve, curve_arguments or [])}
    if not recipes and imported is None and values.keys() == _LIKE_A_SCHEDULE:
        note("no recipe is named, so that these change digits; --samples begins another schedule")
    asked = recipes or [], values, changed.sets
    views = _views(
        *(world_size, sketch, efficiency, all_reduce),
        *(throughput, throughput_system, throughput_case),
    )
    if imported is not None:
        _print_imported(imported, asked, output)
        return
    entries = _plans_of(asked, views, plot)
    if output.is_export:
        from bsgrow.cli.plan.exchange import exported

        given = entries, output, views.world_sizes, micro_batch_size
        print_text(exported(*given, approximate=approximate, lr_tolerance=lr_tolerance))
    else:
        from bsgrow.cli.plan.output import print_plans

        print_plans(entries, views, output, every)


def _print_imported(imported: tuple[str, str], asked: _Asked, output: PlanFormat) -> None:
    from bsgrow.cli.plan.exchange import imported_run
    from bsgrow.cli.plan.imported_table import print_imported

    system, schedule = imported
    print_imported(imported_run(system, schedule, *asked), output)


def _plans_of(asked: _Asked, views: "Views", plot: Path | None) -> "Sequence[NamedPlan]":
    """Compile what is asked for, and draw it where a file for that is named."""
    from bsgrow.cli.plan.named_plan import named_plans

    entries = named_plans(*asked)
    if plot is not None:
        from bsgrow.cli.plan.views import draw

        draw(entries, views, plot)
    return entries


def _views(
    world_size: str | None,
    sketch: bool | None,
    efficiency: float | None,
    all_reduce: str | None,
    throughput: Path | None,
    system: str,
    case: str | None,
) -> "Views":
    """Return what is shown beside a plan, by the options: a sketch, and a predicted wall-clock."""
    from bsgrow.cli.plan.all_reduce import all_reduce_of, interference_of
    from bsgrow.cli.plan.output import shows_sketch
    from bsgrow.reporting.plan_views import Views
    from bsgrow.reporting.throughput import read_throughput

    views = Views(
        parse_world_sizes(world_size) if world_size else (),
        read_throughput(throughput, system, case) if throughput else None,
        shows_sketch() if sketch is None else sketch,
        efficiency=parse_efficiency(efficiency),
    )
    if throughput is None:
        return views
    return replace(
        views,
        all_reduce=all_reduce_of(throughput, all_reduce),
        interference=interference_of(throughput, all_reduce),
    )
