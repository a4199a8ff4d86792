"""How long a start, a resume, packing and verifying take with very many small files.

    python benchmarks/many_files.py --folder FOLDER [--checkout NAME=PATH ...]
        [--sizes 0 12800 128000] [--rounds 3] [--format table|json]

FOLDER keeps the files, made once and about 5 GB at a size of 1 280 000. Each checkout is run by its
own `.venv/bin/python`, in turns, so that two versions are compared in one run. The files are in the
page cache. Memory is the most that the process itself held. Size 0 is a run of a million events.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from small_files import make_folder, make_tars

ROOT = Path(__file__).parent.parent
# A small network, so that the first update is a small part of a start.
RECIPE = [
    *("--set", "images.size=32", "--set", "model.depth=10", "--set", "model.width=1"),
    *("--set", "schedule.global_batch_size=64", "--set", "run.device=cpu"),
    *("--set", "run.log_every_seconds=0"),
]
PROGRESS = '"event": "progress"'
NUM_EVENTS = 1_000_000


class Figure(NamedTuple):
    """What one command took.

    Args:
        seconds: of wall-clock.
        peak_bytes: the most that its process held.
    """

    seconds: float
    peak_bytes: int


class Checkout(NamedTuple):
    """A version of bsgrow, installed in the environment that lies in it."""

    name: str
    path: Path

    def start(self, words: Sequence[str]) -> "subprocess.Popen[bytes]":
        """Begin a command of it, its output thrown away."""
        command = [self.path / ".venv/bin/python", "-m", "bsgrow", *words]
        nowhere = subprocess.DEVNULL
        return subprocess.Popen(command, cwd=self.path, stdout=nowhere, stderr=nowhere)


def ended(process: "subprocess.Popen[bytes]", allowed: Sequence[int]) -> int:
    """Wait for a command; return the most bytes that it held. Raises if it failed."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in allowed:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return usage.ru_maxrss * 1024


def run(checkout: Checkout, words: Sequence[str]) -> Figure:
    """Run a command to its end."""
    begin = time.perf_counter()
    peak = ended(checkout.start(words), [0])
    return Figure(time.perf_counter() - begin, peak)


def to_first_update(checkout: Checkout, words: Sequence[str], out: Path) -> Figure:
    """Run a training until it has made an update, then stop it, which writes a checkpoint."""
    events = out / "events.jsonl"
    before = events.stat().st_size if events.exists() else 0
    begin = time.perf_counter()
    process = checkout.start([*words, "--out", str(out)])
    while not has_progress(events, before):
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            raise subprocess.CalledProcessError(ended(process, []), process.args)
        time.sleep(0.01)
    seconds = time.perf_counter() - begin
    process.terminate()
    return Figure(seconds, ended(process, [128 + signal.SIGTERM]))


def has_progress(events: Path, start: int) -> bool:
    """Return whether an update is logged behind a byte of a file."""
    with contextlib.suppress(FileNotFoundError), events.open("rb") as stream:
        stream.seek(start)
        return PROGRESS.encode() in stream.read()
    return False


def source(folder: Path, kind: str, size: int) -> Path:
    """Return the data set of a kind and size, made if it is not there."""
    make = {"folder": make_folder, "webdataset": make_tars}[kind]
    return make(folder / f"{kind}-{size}", size)


Case = tuple[str, Callable[[], Figure]]


def training(checkout: Checkout, kind: str, data: Path, out: Path) -> Iterator[Case]:
    """A start, and going on with it."""
    words = ["train", "folder", "--set", f"data.name={kind}", "--data", str(data), *RECIPE]
    yield f"start, {kind}", lambda: to_first_update(checkout, words, out)
    yield f"resume, {kind}", lambda: to_first_update(checkout, ["train", "--resume"], out)


def packing(checkout: Checkout, data: Path, out: Path) -> Iterator[Case]:
    """Packing with one worker and with two, and verifying what was packed."""
    for workers in ("1", "2"):
        words = ["data", "pack", str(data), str(out / workers), "--num-workers", workers]
        yield f"pack, {workers} workers", lambda words=words: run(checkout, words)
    yield "verify, 2 workers", lambda: run(checkout, ["data", "verify", str(out / "2")])


def long_run(checkout: Checkout, out: Path) -> Iterator[Case]:
    """Resuming a run that has logged a million events."""
    words = ["train", "digits", "--set", "run.log_every_seconds=0", "--set", "run.device=cpu"]
    to_first_update(checkout, words, out)
    events = out / "events.jsonl"
    lines = events.read_text().splitlines(keepends=True)
    middle = next(index for index, line in enumerate(lines) if PROGRESS in line)
    with events.open("w") as stream:
        stream.writelines(lines[:middle])
        stream.writelines([lines[middle]] * NUM_EVENTS)
        stream.writelines(lines[middle:])
    yield "resume, 10^6 events", lambda: to_first_update(checkout, ["train", "--resume"], out)


def cases(checkout: Checkout, folder: Path, size: int, scratch: Path) -> Iterator[Case]:
    """All that is measured at one size; each case relies on those before it."""
    images = source(folder, "folder", size)
    for kind in ("folder", "webdataset"):
        yield from training(checkout, kind, source(folder, kind, size), scratch / kind)
    yield from packing(checkout, images, scratch / "packed")


def measure(
    checkouts: Sequence[Checkout], folder: Path, sizes: Sequence[int], num_rounds: int
) -> Iterator[dict[str, Any]]:
    """Rows of all cases, the checkouts in turns."""
    figures: dict[tuple[str, int, str], list[Figure]] = {}
    for size in sizes:
        for _ in range(num_rounds):
            for checkout in checkouts:
                for case, figure in measured(checkout, folder, size):
                    print(f"{size} {case} {checkout.name}: {figure}", file=sys.stderr)
                    figures.setdefault((case, size, checkout.name), []).append(figure)
    return (row(*key, found) for key, found in figures.items())


def measured(checkout: Checkout, folder: Path, size: int) -> Iterator[tuple[str, Figure]]:
    """The figures of one checkout at one size; those of a long run at size 0."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        scratch = Path(name)
        found = cases(checkout, folder, size, scratch) if size else long_run(checkout, scratch)
        yield from ((case, work()) for case, work in found)


def row(case: str, size: int, checkout: str, figures: Sequence[Figure]) -> dict[str, Any]:
    """One measurement: the median is the figure, minimum and maximum the spread."""
    seconds = [figure.seconds for figure in figures]
    return {
        "case": case,
        "num_files": size,
        "checkout": checkout,
        "min": min(seconds),
        "median": statistics.median(seconds),
        "max": max(seconds),
        "peak_bytes": max(figure.peak_bytes for figure in figures),
        "n": len(figures),
    }


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """One line for each case, size and checkout."""
    print(f"{'case':<20} {'files':>9} {'checkout':<10} {'seconds':>8} {'MiB':>6}   [min, max]")
    for r in rows:
        spread = f"[{r['min']:.2f}, {r['max']:.2f}], n = {r['n']}"
        print(
            f"{r['case']:<20} {r['num_files']:>9} {r['checkout']:<10} {r['median']:>8.2f} "
            f"{r['peak_bytes'] >> 20:>6}   {spread}"
        )


def named_checkout(text: str) -> Checkout:
    """Read NAME=PATH."""
    name, _, path = text.partition("=")
    return Checkout(name, Path(path).resolve())


def main() -> None:
    """Measures every case, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--checkout", type=named_checkout, action="append")
    parser.add_argument("--sizes", type=int, nargs="+", default=[0, 12_800, 128_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    checkouts = options.checkout or [Checkout("this", ROOT)]
    rows = [*measure(checkouts, options.folder.resolve(), options.sizes, options.rounds)]
    if options.format == "json":
        from bsgrow.reporting.machine import describe_machine  # torch would count as memory above

        json.dump(describe_machine() | {"rows": rows}, sys.stdout, indent=2)
        print()
    else:
        print_table(sorted(rows, key=lambda r: (r["case"], r["num_files"], r["checkout"])))


if __name__ == "__main__":
    main()
