"""`bsgrow data pack`: image folders and WebDataset tars into shards."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bsgrow.cli.data.options import WorkersOption
from bsgrow.cli.format import Format, FormatOption
from bsgrow.cli.sizes import parse_size

QUALITY = 90  # that of PackOptions


class OnError(StrEnum):
    """What to do with a file that cannot be used."""

    RAISE = "raise"
    SKIP = "skip"


def pack_data(
    source: Annotated[
        Path,
        typer.Argument(
            help="An image folder, WebDataset tars or parquet files: a data set, or one split.",
            show_default=False,
        ),
    ],
    dest: Annotated[Path, typer.Argument(help="Where the shards go.", show_default=False)],
    shortest_side: Annotated[
        int | None,
        typer.Option(metavar="N", help="Reduce the shorter side of larger images to N pixels."),
    ] = None,
    longest_side: Annotated[
        int | None,
        typer.Option(metavar="N", help="Reduce the longer side of larger images to N pixels."),
    ] = None,
    quality: Annotated[
        int, typer.Option(metavar="Q", help="JPEG quality of reduced images, 1 to 95.")
    ] = QUALITY,
    shard_bytes: Annotated[
        str,
        typer.Option(metavar="SIZE", help="Source files that go into one shard, in bytes."),
    ] = "256MiB",
    decode: Annotated[
        bool, typer.Option("--decode", help="Decode every image, to find the damaged ones.")
    ] = False,
    restarts: Annotated[
        bool,
        typer.Option(
            "--restarts",
            help="Cut JPEGs into restart intervals, without loss: crops are decoded without what "
            "lies beside them.",
        ),
    ] = False,
    on_error: Annotated[
        OnError,
        typer.Option(help="A file that cannot be used: stop there, or leave it out and list it."),
    ] = OnError.RAISE,
    num_workers: WorkersOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Pack a data set into shards: a few large files with an index and checksums.

    Images stay as they are, to the byte, unless they are reduced; progressive JPEGs become
    baseline. Training from the shards sees the same samples as from the source. A packing that was
    interrupted goes on where it stopped; the shards are the same.
    """
    from bsgrow.cli.data.packing import print_packed
    from bsgrow.data.packing import PackOptions

    options = PackOptions(
        shortest_side=shortest_side,
        longest_side=longest_side,
        quality=quality,
        shard_bytes=parse_size(shard_bytes, "--shard-bytes"),
        decode=decode,
        restarts=restarts,
        on_error=on_error.value,
    )
    print_packed(source, dest, options, num_workers, output)
