"""Options that write a schedule on the command line, beside those for the everyday keys."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated

import typer

from bsgrow.cli.overrides import KEYS as EVERYDAY_KEYS
from bsgrow.cli.overrides import flag_option
from bsgrow.errors import InputError
from bsgrow.schedule import CURVES

_PANEL = "A schedule without a recipe, which --samples begins; with one they change it"


def complete_curve(incomplete: str) -> list[str]:
    """Return the curves that start as typed, for shell completion."""
    return [name for name in CURVES if name.lower().startswith(incomplete.lower())]


SamplesOption = Annotated[
    int | None, flag_option("--samples", "Samples of the training set, N.", "N", _PANEL)
]
MomentumOption = Annotated[
    float | None,
    flag_option(
        "--momentum", "Momentum coefficient of SGD, 0 to below 1; by default 0.", "M", _PANEL
    ),
]
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
    flag_option(
        "--curve-arg",
        "An argument of the curve, by torch's name; repeatable.",
        "NAME=VALUE",
        _PANEL,
    ),
]
UnitOption = Annotated[
    str | None,
    flag_option(
        "--unit",
        "What its positions count; by default epochs.",
        "epochs|samples|updates|tokens",
        _PANEL,
    ),
]
TokensPerSampleOption = Annotated[
    int | None,
    flag_option("--tokens-per-sample", "Length of a sample in tokens.", "TOKENS", _PANEL),
]

_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "samples": "data.num_samples",
        "momentum": "optimizer.momentum",
        "unit": "schedule.unit",
        "tokens_per_sample": "schedule.tokens_per_sample",
    }
)


def schedule_values(
    options: Mapping[str, float | str | None], curve: str | None, curve_arguments: list[str]
) -> dict[str, object]:
    """Return the keys of the recipe that the options set, and their values.

    Args:
        options: by the name of their parameter; None is left out.
        curve: name of the curve; it replaces that of the recipe with all its arguments.
        curve_arguments: ``name=value``, values as in TOML.

    Raises:
        InputError: an argument of the curve is not of that form.
    """
    values: dict[str, object] = {
        _KEYS[option]: value for option, value in options.items() if value is not None
    }
    if curve is not None:
        values["schedule.curve"] = {"name": curve}
    return values | dict(_curve_values(curve_arguments))


def is_schedule(values: Mapping[str, object]) -> bool:
    """Return whether options write a schedule of its own, rather than change the usual recipe."""
    return bool(values.keys() - EVERYDAY_KEYS.values())


def _curve_values(arguments: list[str]) -> Iterator[tuple[str, object]]:
    from bsgrow.recipe import parse_value

    for argument in arguments:
        name, _, text = argument.partition("=")
        if not text:
            raise InputError(
                f"--curve-arg {argument}: not of the form name=value",
                hint="for example --curve-arg T_max=200",
            )
        yield f"schedule.curve.{name.strip()}", parse_value(text.strip())
