"""`bsgrow data verify`: reads a data set from end to end and says what is damaged."""

from pathlib import Path
from typing import Annotated

import typer

from bsgrow.cli.data.options import WorkersOption
from bsgrow.cli.format import Format, FormatOption


def verify_data(
    path: Annotated[
        Path,
        typer.Argument(
            help="Shards, an image folder, tars, parquet or npz: a data set, a split, or a file.",
            show_default=False,
        ),
    ],
    decode: Annotated[
        bool, typer.Option("--decode", help="Decode every image too; takes much longer.")
    ] = False,
    num_workers: WorkersOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Read every image, compare every index and checksum, and list what is damaged.

    Exits with 0 if nothing is, else with 1.
    """
    from bsgrow.cli.data.verifying import print_verified

    print_verified(path, decode, num_workers, output)
