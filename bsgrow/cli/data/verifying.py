"""Verifying under a person's eyes: a bar, and what is damaged."""

import os
from pathlib import Path

import typer

from bsgrow.cli.console import print_hint, print_json
from bsgrow.cli.data.progress import sample_bar
from bsgrow.cli.format import Format
from bsgrow.cli.sizes import format_size
from bsgrow.cli.terminal import out
from bsgrow.data.verify import Verification, verify
from bsgrow.native.decoding import check_as_in_training
from bsgrow.text.printable import printable

_HINTS = 5  # that are shown, each once


def print_verified(path: Path, decode: bool, num_workers: int | None, output: Format) -> None:
    """Read a data set from end to end and write what is damaged; exits 1 where anything is."""
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
