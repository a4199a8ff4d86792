"""`bsgrow data verify`: reads a data set from end to end and says what is damaged."""

import os
from pathlib import Path
from typing import Annotated

import typer

from bsgrow.cli.console import out, print_hint, print_json
from bsgrow.cli.data.progress import sample_bar
from bsgrow.cli.options import Format, FormatOption
from bsgrow.cli.sizes import format_size
from bsgrow.data.verify import Verification, verify
from bsgrow.native.decoding import check_as_in_training
from bsgrow.text.printable import printable

_HINTS = 5  # that are shown, each once


def verify_data(
    path: Annotated[
        Path,
        typer.Argument(
            help="Shards, an image folder or tars: a data set, one split, or one shard.",
            show_default=False,
        ),
    ],
    decode: Annotated[
        bool, typer.Option("--decode", help="Decode every image too; takes much longer.")
    ] = False,
    num_workers: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=1024, help="Processes at most; one a core where absent."
        ),
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Read every image, compare every index and checksum, and list what is damaged.

    Exits with 0 if nothing is, else with 1.
    """
    with sample_bar("verifying") as on_progress:
        found = verify(
            path,
            decode=decode,
            also=check_as_in_training,
            num_workers=num_workers,
            on_progress=on_progress,
        )
    if output is Format.JSON:
        print_json(_as_json(path, found))
    else:
        _print(path, found)
    if found.damaged:
        raise typer.Exit(1)


def _print(path: Path, found: Verification) -> None:
    for damage in found.damaged:
        out.print(f"{damage.where}: {damage.reason}")
    for name in found.left_out:
        out.print(f"left out when it was packed: {printable(name)}")
    for hint in [*dict.fromkeys(damage.hint for damage in found.damaged if damage.hint)][:_HINTS]:
        print_hint(hint)
    damaged = f"{len(found.damaged)} damaged" if found.damaged else "none damaged"
    size = format_size(found.num_bytes)
    out.print(f"{printable(path)}: {found.num_samples} samples, {size}, {damaged}")


def _as_json(path: Path, found: Verification) -> dict[str, object]:
    return {
        "path": os.fspath(path),
        "num_samples": found.num_samples,
        "num_bytes": found.num_bytes,
        "num_damaged": len(found.damaged),
        "damaged": [{"where": item.where, "reason": item.reason} for item in found.damaged],
        "left_out": [printable(name) for name in found.left_out],
    }
