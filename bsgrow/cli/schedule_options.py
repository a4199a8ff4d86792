"""Options that write a schedule on the command line, with a recipe or without one."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated

import typer

from bsgrow.errors import InputError
from bsgrow.schedule import CURVES

_PANEL = "The schedule, without a recipe"


def complete_curve(incomplete: str) -> list[str]:
    """Return the curves that start as typed, for shell completion."""
    return [name for name in CURVES if name.lower().startswith(incomplete.lower())]


def _option(flag: str, text: str, metavar: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        flag, help=text, metavar=metavar, rich_help_panel=_PANEL
    )
    return option


SamplesOption = Annotated[int | None, _option("--samples", "Size of the training set, N.", "N")]
EpochsOption = Annotated[float | None, _option("--epochs", "Length of the run.", "EPOCHS")]
BatchSizeOption = Annotated[
    int | None, _option("--batch-size", "Global batch size of the run as published.", "SAMPLES")
]
LrOption = Annotated[float | None, _option("--lr", "Base learning rate.", "LR")]
MomentumOption = Annotated[float | None, _option("--momentum", "Momentum of SGD.", "M")]
CurveOption = Annotated[
    str | None,
    typer.Option(
        "--curve",
        metavar="NAME",
        help=f"Learning-rate schedule, constant where absent: {', '.join(CURVES)}.",
        autocompletion=complete_curve,
        rich_help_panel=_PANEL,
    ),
]
CurveArgumentOption = Annotated[
    list[str] | None,
    _option("--curve-arg", "An argument of the curve, by torch's name; repeatable.", "NAME=VALUE"),
]
UnitOption = Annotated[
    str | None,
    _option("--unit", "What its positions count.", "epochs|samples|updates|tokens"),
]
TokensPerSampleOption = Annotated[
    int | None, _option("--tokens-per-sample", "Length of a sample in tokens.", "TOKENS")
]
MaxBatchSizeOption = Annotated[
    int | None, _option("--max-batch-size", "Largest global batch size.", "SAMPLES")
]

KEYS: Mapping[str, str] = {
    "samples": "data.num_samples",
    "epochs": "schedule.epochs",
    "batch_size": "schedule.global_batch_size",
    "lr": "schedule.lr",
    "momentum": "optimizer.momentum",
    "unit": "schedule.unit",
    "tokens_per_sample": "schedule.tokens_per_sample",
    "max_batch_size": "growth.max_batch_size",
}
"""The key of the recipe that each option sets."""


def as_overrides(
    options: Mapping[str, float | str | None], curve: str | None, curve_arguments: list[str]
) -> Iterator[str]:
    """Yield the options as overrides of a recipe, ``key=value``.

    Args:
        options: keys of ``KEYS`` to what was given; None is skipped.
        curve: name of the curve; it replaces that of the recipe with all its arguments.
        curve_arguments: ``name=value``, values as in TOML.

    Raises:
        InputError: an argument of the curve is not of that form.
    """
    for option, value in options.items():
        if value is not None:
            yield f"{KEYS[option]}={value}"
    if curve is not None:
        yield f"schedule.curve={{name = {json.dumps(curve)}}}"
    for argument in curve_arguments:
        if not argument.partition("=")[2]:
            raise InputError(
                f"--curve-arg {argument}: not of the form name=value",
                hint="for example --curve-arg T_max=200",
            )
        yield f"schedule.curve.{argument}"
