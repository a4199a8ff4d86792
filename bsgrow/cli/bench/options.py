"""The options of `bsgrow bench`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Data(StrEnum):
    """What is loaded."""

    ARRAY = "array"
    JPEG = "jpeg"


class Dtype(StrEnum):
    """Of the images delivered."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"


class Layout(StrEnum):
    """Of the images delivered."""

    CONTIGUOUS = "contiguous"
    CHANNELS_LAST = "channels_last"


class Padding(StrEnum):
    """What is around an image."""

    ZERO = "zero"
    REFLECT = "reflect"


# Of which all together are measured within two minutes and 2 GB on two cores.
DEFAULT_SIZES = {Data.ARRAY: "128,1024,8192", Data.JPEG: "64,256"}
TRAIN_SIZES = "128,640,3200,5120,8192,16384,65536"

DataOption = Annotated[Data, typer.Option(help="Pixels in memory, or JPEG files.")]
PathOption = Annotated[
    Path | None,
    typer.Option(
        "--path",
        metavar="DIR",
        help="JPEG files of your own, one folder a class; cuts of scikit-learn's photographs "
        "where absent.",
    ),
]
BatchSizesOption = Annotated[
    str | None,
    typer.Option(
        "--batch-sizes",
        metavar="128,1024",
        help=f"Global batches in samples; {DEFAULT_SIZES[Data.ARRAY]} in memory and "
        f"{DEFAULT_SIZES[Data.JPEG]} of JPEG files where absent.",
    ),
]
TrainSizesOption = Annotated[
    str, typer.Option("--batch-sizes", metavar="128,640", help="Global batches in samples.")
]
MicroBatchOption = Annotated[
    int | None,
    typer.Option(
        "--micro-batch-size",
        min=1,
        metavar="SAMPLES",
        help="Samples that bsgrow delivers at a time; the whole batch, as the others do, where "
        "absent.",
    ),
]
SystemsOption = Annotated[
    str | None,
    typer.Option(
        "--systems", metavar="bsgrow,dali", help="Which; all but dali-padded where absent."
    ),
]
DtypeOption = Annotated[Dtype, typer.Option("--dtype", help="Number type of the images.")]
LayoutOption = Annotated[Layout, typer.Option("--memory-format", help="Layout of the images.")]
ShapeOption = Annotated[
    str,
    typer.Option(
        "--shape", metavar="CxHxW", help="Channels x pixels x pixels of the images in memory."
    ),
]
PadOption = Annotated[
    int, typer.Option("--pad", min=0, help="Pixels around an image in memory that a crop reaches.")
]
PaddingOption = Annotated[Padding, typer.Option("--padding", help="What stands in these pixels.")]
PhotographsOption = Annotated[
    int, typer.Option("--num-photographs", min=2, help="JPEG files to cut, without --path.")
]
DeviceOption = Annotated[
    str, typer.Option("--device", help="Where images are delivered: auto, cpu, cuda, cuda:1.")
]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--num-threads",
        min=1,
        max=1024,
        help="Threads of each system, whoever waits for a batch of bsgrow included (two there at "
        "least); as many as torch takes if absent.",
    ),
]
RoundsOption = Annotated[
    int,
    typer.Option("--rounds", min=1, help="Rounds in turn; the first counts only alone."),
]
RoundOption = Annotated[
    float,
    typer.Option(
        "--seconds-per-round",
        min=0.0,
        metavar="SECONDS",
        help="What a round lasts at least, in whole deliveries.",
    ),
]
RowOption = Annotated[
    float,
    typer.Option(
        "--seconds-per-row",
        min=0.0,
        metavar="SECONDS",
        help="After which a system takes part in no further round, warm-ups included.",
    ),
]
