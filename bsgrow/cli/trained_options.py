"""The arguments and options of commands that take up a run's model."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Weights(StrEnum):
    """Which weights of a run."""

    AVERAGED = "averaged"
    TRAINED = "trained"


RunArgument = Annotated[
    Path,
    typer.Argument(
        metavar="RUN", help="The folder of a run: `--out` of `train`.", show_default=False
    ),
]
CheckpointOption = Annotated[
    str,
    typer.Option(
        "--checkpoint",
        metavar="best|last|UPDATE",
        help="Which checkpoint: `best`, at whose update the model did best on the held-out "
        "samples, `last`, or a number of updates.",
    ),
]
WeightsOption = Annotated[
    Weights | None,
    typer.Option(
        "--weights",
        help="Of a run with `optimizer.ema_decay`: its averaged weights, which are taken where "
        "nothing is said, or the trained ones.",
    ),
]
