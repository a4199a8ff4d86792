"""Packing under a person's eyes: a bar, what was left out, and what there is now."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bsgrow.cli.console import note, print_json
from bsgrow.cli.data.progress import sample_bar
from bsgrow.cli.format import Format
from bsgrow.cli.sizes import format_size
from bsgrow.cli.terminal import err, out
from bsgrow.data.packing import PackedSplit, PackOptions, pack
from bsgrow.images.jpeg.baseline import to_baseline, with_restarts
from bsgrow.native.decoding import check_as_in_training, is_built, require_built
from bsgrow.text.command import Command, argument
from bsgrow.text.printable import printable

_SHOWN = 20  # of the files left out; the rest are counted

_NOT_BUILT = (
    "no native JPEG module: progressive JPEGs are encoded again, with a little loss, and lost data "
    "in JPEGs is not found where Pillow fills it with grey"
)


def print_packed(
    source: Path, dest: Path, options: PackOptions, num_workers: int | None, output: Format
) -> None:
    """Pack a data set, and write what there is now to stdout; see ``pack``."""
    if options.restarts:
        require_built("--restarts")
    if not is_built():
        note(_NOT_BUILT)
    transcode = with_restarts if options.restarts else to_baseline
    with sample_bar("packing") as on_progress, _saying_how_to_go_on():
        packed = pack(
            source,
            dest,
            options,
            num_workers=num_workers,
            to_baseline=transcode if is_built() else None,
            also=check_as_in_training,
            on_progress=on_progress,
        )
    _list_left_out(packed, dest)
    if output is Format.JSON:
        print_json({"splits": [_as_json(split) for split in packed]})
    else:
        for split in packed:
            out.print(_describe(split))


@contextmanager
def _saying_how_to_go_on() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        note("stopped; the same command again goes on behind the last finished shard")
        raise


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
