"""`bsgrow export`: a trained model as a file that others read."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bsgrow.cli.examples import with_examples
from bsgrow.cli.trained_options import CheckpointOption, RunArgument, WeightsOption

_EXAMPLES = (
    "bsgrow export runs/cifar --to safetensors",
    "bsgrow export runs/cifar --to onnx --out cifar.onnx",
)


class Target(StrEnum):
    """What a model is written as."""

    SAFETENSORS = "safetensors"
    ONNX = "onnx"
    PT2 = "pt2"
    TORCH = "torch"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export", cls=with_examples(*_EXAMPLES))(export)


def export(
    run: RunArgument,
    *,
    target: Annotated[
        Target,
        typer.Option(
            "--to",
            help="`safetensors` and `torch` have the weights by name, `onnx` and `pt2` the "
            "computation too, for any number of samples.",
        ),
    ],
    checkpoint: CheckpointOption = "best",
    weights: WeightsOption = None,
    out_file: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="The file that is written, with `FILE.json` beside it; `model` in the folder of "
            "the run, with the ending of the format, where absent.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="PATH",
            help="Where the images are that ONNX and PT2 are tried on: `data.path`, if it is "
            "no longer that of the run.",
        ),
    ] = None,
) -> None:
    """Write the model of a run as a file, without the training state.

    Weights have the names of torchvision or timm where these have the architecture, and batch
    normalisation is torch's own. Classes, normalisation and image size stand in the file and in
    the JSON beside it.

    ONNX and PT2 are run on images of the run's test split first; where their outputs are not the
    model's own, nothing is written.
    """
    from bsgrow.cli.trained_output import print_exported
    from bsgrow.trained.exporting import SUFFIXES
    from bsgrow.trained.exporting import export as write
    from bsgrow.trained.opened import open_run, recipe_of

    opened = open_run(run, checkpoint, weights.value if weights else None)
    if data is not None:
        moved = recipe_of(opened.directory, values={"data.path": str(data)})
        opened = replace(opened, recipe=moved)
    path = out_file or run / f"model{SUFFIXES[target.value]}"
    print_exported(opened, write(opened, target.value, path))
