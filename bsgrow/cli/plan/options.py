"""What `bsgrow plan` takes beside the schedule: what it prints, and what it adds to that."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bsgrow.cli.options import complete_recipe

_FURTHER = "Further views of the plan"
_OTHERS = "Other training systems"


class PlanFormat(StrEnum):
    """How the plan is printed; those after CSV are configurations of other systems."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MEGATRON = "megatron"
    OLMO_CORE = "olmo-core"
    LEVANTER = "levanter"
    NEMO = "nemo"
    DEEPSPEED = "deepspeed"
    LIGHTNING = "lightning"

    @property
    def is_export(self) -> bool:
        """Whether it is another system's configuration."""
        return self not in (PlanFormat.TABLE, PlanFormat.JSON, PlanFormat.CSV)


class Every(StrEnum):
    """What one row of the CSV stands for."""

    PHASE = "phase"
    UPDATE = "update"


RecipesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RECIPE]...",
        help="Shipped recipes (see `bsgrow recipes`) or paths of TOML files; `digits` where "
        "absent. Several are put side by side.",
        show_default=False,
        autocompletion=complete_recipe,
    ),
]
PlanFormatOption = Annotated[
    PlanFormat,
    typer.Option("--format", help="What goes to stdout: for people, programs, or other systems."),
]
EveryOption = Annotated[
    Every, typer.Option("--every", help="With `--format csv`: what a row stands for.")
]
PlotOption = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="FILE",
        help="Draw batch size, learning rate and noise scale into a .png, .svg or .pdf; with "
        "--throughput and --world-size the predicted wall-clock over ranks.",
        rich_help_panel=_FURTHER,
    ),
]
SketchOption = Annotated[
    bool | None,
    typer.Option(
        "--sketch/--no-sketch",
        help="Draw the batch size under the table; by default where stdout is a terminal.",
        show_default=False,
        rich_help_panel=_FURTHER,
    ),
]
WorldSizeOption = Annotated[
    str | None,
    typer.Option(
        "--world-size",
        metavar="1,8,64",
        help="Numbers of ranks to tabulate accumulation and divisibility for, and with "
        "--throughput the wall-clock.",
        rich_help_panel=_FURTHER,
    ),
]
ThroughputOption = Annotated[
    Path | None,
    typer.Option(
        "--throughput",
        metavar="FILE",
        help="Measured samples per second, as `bsgrow bench train --format json` writes them; "
        "adds a predicted wall-clock.",
        rich_help_panel=_FURTHER,
    ),
]
ThroughputSystemOption = Annotated[
    str,
    typer.Option("--throughput-system", help="Whose rows of it.", rich_help_panel=_FURTHER),
]
ThroughputCaseOption = Annotated[
    str | None,
    typer.Option(
        "--throughput-case", help="Which case, if it has several.", rich_help_panel=_FURTHER
    ),
]
AllReduceOption = Annotated[
    str | None,
    typer.Option(
        "--all-reduce",
        metavar="latency=20us,bandwidth=50GB/s",
        help="What it takes to sum gradients over ranks, where the file of --throughput does not "
        "say: seconds of a message, and bytes per second of a rank. Also `gradient=100MB`, by "
        "default that of the model, and `overlap=0.5`, the part of the last backward that hides "
        "it, by default 0. Or another file of measurements, which says it.",
        rich_help_panel=_FURTHER,
    ),
]
EfficiencyOption = Annotated[
    float | None,
    typer.Option(
        "--efficiency",
        metavar="PART",
        help="From which efficiency on ranks pay, 0 to 1: samples per second against as many "
        "devices alone. By default 0.5. `run.min_samples_per_device` is the other condition.",
        rich_help_panel=_FURTHER,
    ),
]
ImportOption = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--from",
        metavar="SYSTEM SCHEDULE",
        help="Read a batch schedule of `megatron` or `levanter`, and show the noise scale that it "
        "has under the learning rate of the recipe.",
        rich_help_panel=_OTHERS,
    ),
]
MicroBatchSizeOption = Annotated[
    int | None,
    typer.Option(
        "--micro-batch-size",
        metavar="SAMPLES",
        help="Samples of one forward pass on a rank of that system; by default "
        "`run.micro_batch_size`, where it is a number.",
        rich_help_panel=_OTHERS,
    ),
]
ApproximateOption = Annotated[
    bool,
    typer.Option(
        "--approximate",
        help="Also where another system follows the plan nearly: what is off, by how much and at "
        "which sample, stands in comments. Without it, or where more than a quarter is off, that "
        "is an error.",
        rich_help_panel=_OTHERS,
    ),
]
LrToleranceOption = Annotated[
    float | None,
    typer.Option(
        "--lr-tolerance",
        metavar="PART",
        help="By how much another system's learning rate may differ, as a part of the plan's; "
        "0.0001 by default.",
        rich_help_panel=_OTHERS,
    ),
]
