"""What the live display of `bsgrow train` costs: processor time of it, beside that of a small run.

    python benchmarks/live_display.py [--rounds 5] [--out FILE]

Events as a run makes them are shown in a terminal of 60, 80 and 200 columns, whose other end is
read and thrown away; a drawing takes the processor time of this process meanwhile, divided by the
number of drawings. By default a run reports, and so draws, once a second; the display draws twice a
second at most, however often a run reports. The least and the most of some rounds are written to
`results/live_display.json`.
"""

import argparse
import json
import os
import pty
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from bsgrow.cli import live
from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.reporting.machine import describe_machine
from bsgrow.training import RunDirectory
from bsgrow.training.events.events import Event, Progress, RunStarted

RESULTS = Path(__file__).parent / "results" / "live_display.json"
WIDTHS = (60, 80, 200)
NUM_DRAWINGS = 500
MOST_PER_SECOND = 1 / live._SECONDS


def events(num: int) -> list[Event]:
    """Return the start of a run of the digits, and so many reports."""
    start = RunStarted("digits", 1437, 48.0, 1932, 4311, "cpu", 16, 77_562, 0, 0)
    reports = [
        Progress(n, 16 * n, n / 90, 16, 0.1, 0.9, 1 / n, 0.75, 2e3 + n, 0.5 * n, 60.0, 0.01)
        for n in range(1, num + 1)
    ]
    return [start, *reports]


def seconds_of_a_drawing(width: int, plan: Path) -> float:
    """Return the processor time of one report, shown in a terminal."""
    reader, writer = pty.openpty()
    threading.Thread(target=_read_all, args=(reader,), daemon=True).start()
    with os.fdopen(writer, "w") as file:
        live.err = Console(file=file, force_terminal=True, width=width, highlight=False)
        live._SECONDS = 0.0
        with live.display(plan, lines=False) as show:
            start, *reports = events(NUM_DRAWINGS)
            show(start)
            return _processor_seconds(lambda: [show(event) for event in reports]) / NUM_DRAWINGS


def _processor_seconds(work: Callable[[], object]) -> float:
    before = time.thread_time()
    work()
    return time.thread_time() - before


def _read_all(reader: int) -> None:
    try:
        while os.read(reader, 2**16):
            pass
    except OSError:  # the terminal was closed
        pass


def measure(rounds: int) -> list[dict[str, Any]]:
    """Return what a drawing takes at each width."""
    with tempfile.TemporaryDirectory() as folder:
        directory = RunDirectory(Path(folder))
        directory.write_plan(plan_recipe(load_recipe("digits")))
        times = {
            width: [seconds_of_a_drawing(width, directory.plan) for _ in range(rounds)]
            for width in WIDTHS
        }
    return [_row(width, taken) for width, taken in times.items()]


def _row(width: int, taken: list[float]) -> dict[str, Any]:
    return {
        "columns": width,
        "seconds_of_a_drawing": statistics.median(taken),
        "least": min(taken),
        "most": max(taken),
        "share_of_a_core_at_1_a_second": statistics.median(taken),
        "share_of_a_core_at_most": statistics.median(taken) * MOST_PER_SECOND,
    }


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    rows = measure(options.rounds)
    machine = describe_machine()
    result = {"n": options.rounds, "drawings": NUM_DRAWINGS, **machine, "rows": rows}
    options.out.write_text(json.dumps(result, indent=2) + "\n")
    for row in rows:
        print(
            f"{row['columns']:3} columns: {1000 * row['seconds_of_a_drawing']:.2f} ms a drawing, "
            f"{row['share_of_a_core_at_1_a_second']:.3%} of a core at one a second, "
            f"{row['share_of_a_core_at_most']:.3%} at most"
        )


if __name__ == "__main__":
    main()
