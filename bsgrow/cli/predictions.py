"""Predictions printed, and the files that they are of."""

import csv
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from bsgrow.cli.console import note, print_json
from bsgrow.cli.terminal import out
from bsgrow.data.encoded.names import first_names
from bsgrow.data.folder.listing import EXTENSIONS, image_paths
from bsgrow.errors import InputError
from bsgrow.text.printable import printable
from bsgrow.trained.predicting import Prediction


def files_of(sources: Sequence[str]) -> list[str]:
    """Return the files that are named, those in folders, and those that stdin names.

    Raises:
        InputError: there is none.
    """
    named = [path for source in sources for path in (_lines() if source == "-" else [source])]
    files = [file for path in named for file in _below(path)]
    if not files:
        raise InputError(
            "there is no image in what is named",
            hint=f"images in folders end in {' '.join(EXTENSIONS)}",
        )
    return files


def _lines() -> list[str]:
    return [line for line in sys.stdin.read().splitlines() if line]


def _below(path: str) -> list[str]:
    if not os.path.isdir(path):  # noqa: PTH112 - that of Path raises where a folder is closed
        return [path]
    others: list[str] = []
    found = image_paths(Path(path), others.append)
    files = [os.path.join(path, below + name) for below, names in found for name in names]  # noqa: PTH118
    if others:
        note(f"{printable(path)}: passed over what no image is named as: {first_names(others)}")
    return files


def print_predictions(predictions: Iterable[Prediction], output: str) -> int:
    """Print each prediction, and say which files could not be read; return how many those are."""
    failed, told = [], []
    writer = csv.writer(sys.stdout, lineterminator="\n")
    if output == "csv":
        writer.writerow(["file", "class", "probability"])
    for each in predictions:
        if each.reason:
            failed.append({"file": each.path, "reason": each.reason})
            note(f"{printable(each.path)}: {each.reason}")
        elif output == "csv":
            writer.writerow([each.path, *each.classes[0]])
        elif output == "json":
            classes = [{"class": name, "probability": value} for name, value in each.classes]
            told.append({"file": each.path, **classes[0], "most_likely": classes})
        else:
            shown = ", ".join(f"{printable(name)} {value:.2%}" for name, value in each.classes[:3])
            out.print(f"{printable(each.path)}  {shown}")
    if output == "json":
        print_json({"predictions": told, "failed": failed})
    return len(failed)
