"""Measuring under a person's eyes: what is measured on, progress, and the answer."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bsgrow.bench.foreseen import foresee
from bsgrow.bench.loader import bench_loader
from bsgrow.bench.measure import Pace
from bsgrow.bench.photographs import Photographs, cut_photographs, find_photographs
from bsgrow.bench.systems import System
from bsgrow.bench.work import Work
from bsgrow.cli.console import print_json
from bsgrow.cli.ending import ending_at_once
from bsgrow.cli.format import Format
from bsgrow.cli.garbage import collect_as_usual
from bsgrow.cli.numbers import duration
from bsgrow.cli.terminal import err
from bsgrow.reporting.machine import describe_machine

Rows = list[dict[str, Any]]


def photographs(
    path: Path | None, scratch: Path, num_photographs: int, largest_batch: int
) -> Photographs:
    """Return the JPEG files of a folder, or cuts of which the largest batch has no file twice."""
    if path is not None:
        return find_photographs(path.expanduser())
    folder = scratch / "photographs"
    folder.mkdir()
    return cut_photographs(folder, max(num_photographs, largest_batch))


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a folder for what is written on the way; a signal that ends the command removes it."""
    with tempfile.TemporaryDirectory(prefix="bsgrow-bench-") as folder:

        def clean_up() -> None:
            err.show_cursor()  # which a live line hides
            shutil.rmtree(folder, ignore_errors=True)

        with ending_at_once(clean_up):
            yield Path(folder)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Yield what shows progress: a live line if stderr is a terminal, else a line a batch size."""
    collect_as_usual()
    if err.is_terminal:
        with err.status("starting") as status:
            yield status.update
        return
    shown: set[str] = set()

    def show(message: str) -> None:
        batch = message.partition(":")[0]
        if batch not in shown:
            shown.add(batch)
            err.print(f"measuring {batch}")

    yield show


def measure_loaders(works: Sequence[Work], systems: Mapping[str, System], pace: Pace) -> Rows:
    """Say how long it takes, and measure."""
    foreseen = foresee(works, systems, pace)
    if foreseen.num_rows:
        rounds = f"{foreseen.num_rows} rows, at most {pace.num_rounds} rounds each"
        err.print(f"{rounds}: {duration(foreseen.least)} to {duration(foreseen.most)}")
    with progress() as on_progress:
        return bench_loader(works, systems, pace, on_progress)


def print_rows(rows: Rows, output: Format, as_table: Callable[[Sequence[Any]], None]) -> None:
    """Write what was measured to stdout."""
    print_found({"rows": rows}, output, lambda found: as_table(found["rows"]))


def print_found(
    found: dict[str, Any], output: Format, as_table: Callable[[dict[str, Any]], None]
) -> None:
    """Write what was measured to stdout, what is no row beside the rows."""
    if output is Format.JSON:
        print_json(describe_machine() | found)
    else:
        as_table(found)
