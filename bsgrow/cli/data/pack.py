"""`bsgrow data pack`: image folders and WebDataset tars into shards."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bsgrow.cli.console import err, note, out, print_json
from bsgrow.cli.data.progress import sample_bar
from bsgrow.cli.options import Format, FormatOption
from bsgrow.cli.sizes import format_size, parse_size
from bsgrow.data.packing import PackedSplit, PackOptions, pack
from bsgrow.images.jpeg.baseline import to_baseline
from bsgrow.native.decoding import check_as_in_training, is_built
from bsgrow.text.command import Command, argument
from bsgrow.text.printable import printable

_SHOWN = 20  # of the files left out; the rest are counted

_NOT_BUILT = (
    "no native JPEG module: progressive JPEGs are encoded again, with a little loss, and lost data "
    "in JPEGs is not found where Pillow fills it with grey"
)


class OnError(StrEnum):
    """What to do with a file that cannot be used."""

    RAISE = "raise"
    SKIP = "skip"


def pack_data(
    source: Annotated[
        Path,
        typer.Argument(
            help="An image folder or WebDataset tars: with train/ and val/ inside, or one split.",
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
    ] = PackOptions.quality,
    shard_bytes: Annotated[
        str,
        typer.Option(metavar="SIZE", help="Source files that go into one shard, in bytes."),
    ] = "256MiB",
    decode: Annotated[
        bool, typer.Option("--decode", help="Decode every image, to find the damaged ones.")
    ] = False,
    on_error: Annotated[
        OnError,
        typer.Option(help="A file that cannot be used: stop there, or leave it out and list it."),
    ] = OnError.RAISE,
    num_workers: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=1024, help="Processes at most; one a core where absent."
        ),
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Pack a data set into shards: a few large files with an index and checksums.

    Images stay as they are, to the byte, unless they are reduced; progressive JPEGs become
    baseline. Training from the shards sees the same samples as from the source. A packing that was
    interrupted goes on where it stopped; the shards are the same.
    """
    options = PackOptions(
        shortest_side=shortest_side,
        longest_side=longest_side,
        quality=quality,
        shard_bytes=parse_size(shard_bytes, "--shard-bytes"),
        decode=decode,
        on_error=on_error.value,
    )
    if not is_built():
        note(_NOT_BUILT)
    with sample_bar("packing") as on_progress:
        packed = pack(
            source,
            dest,
            options,
            num_workers=num_workers,
            to_baseline=to_baseline if is_built() else None,
            also=check_as_in_training,
            on_progress=on_progress,
        )
    _list_left_out(packed, dest)
    if output is Format.JSON:
        print_json({"splits": [_as_json(split) for split in packed]})
    else:
        for split in packed:
            out.print(_describe(split))


def _list_left_out(packed: list[PackedSplit], dest: Path) -> None:
    errors = [error for split in packed for error in split.left_out]
    for error in errors[:_SHOWN]:
        err.print(f"left out: {error.message}")
    if len(errors) > _SHOWN:
        listing = Command(("data", "verify", argument(str(dest))))
        err.print(f"left out: {len(errors) - _SHOWN} more; listed by: {listing}")


def _describe(split: PackedSplit) -> str:
    parts = [f"{split.num_samples} samples", format_size(split.num_bytes)]
    kept = f", {split.num_kept} of them from before" if split.num_kept else ""
    parts.append(f"{split.num_shards} shard{'s' * (split.num_shards != 1)}{kept}")
    if split.num_left_out:
        parts.append(f"{split.num_left_out} left out")
    return f"{printable(split.folder)}: {', '.join(parts)}"


def _as_json(split: PackedSplit) -> dict[str, object]:
    left_out = [{"where": error.where, "reason": error.reason} for error in split.left_out]
    return {
        "folder": os.fspath(split.folder),
        "num_samples": split.num_samples,
        "num_bytes": split.num_bytes,
        "num_shards": split.num_shards,
        "num_kept_shards": split.num_kept,
        "num_left_out": split.num_left_out,
        "left_out": left_out,
    }
