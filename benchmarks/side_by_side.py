"""Whether a change left speed and memory as they were: two checkouts in turn, round by round.

    python benchmarks/side_by_side.py OLD NEW --folder FOLDER [--rounds 20] [--cases train …]
        [--format table|json]

Each checkout runs by its own `.venv/bin/python`: the loader of images in memory and of JPEGs, and
training on digits, as `bsgrow bench` measures them. In a round each case is run by one checkout,
then by the other, which comes first in the next round. Ratios, new to old, are medians of those of
the rounds, with a 95 % interval (bootstrap). Memory is the most that a process held: in training
one that does nothing else, else that of the command. FOLDER keeps the JPEGs.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

NUM_JPEGS = 512
NUM_DRAWN = 10_000  # samples of the bootstrap
RATE, MEMORY = "samples/s", "peak MiB"
MOST_OFF = 0.03
_OURS = "bsgrow"
_PACE = ["--rounds", "2", "--seconds-per-round", "0.4"]  # of which one counts
_LOADER = ["loader", "--systems", _OURS, *_PACE]
CASES = {
    "array": [*_LOADER, "--batch-sizes", "128,1024,8192"],
    "large array": [*_LOADER, "--batch-sizes", "65536"],
    "jpeg": [*_LOADER, "--data", "jpeg", "--batch-sizes", "64,256"],
    "train": ["train", "digits", *_PACE, "--batch-sizes", "16,128"],
}

Figures = dict[tuple[str, str], float]
"""By what is measured, as a case and its batch, and the unit."""


def measure(checkout: Path, case: str, folder: Path) -> Figures:
    """Run a case; return its rates and the most memory."""
    path = ["--path", str(folder)] if case == "jpeg" else []
    words = ["-m", "bsgrow", "bench", *CASES[case], *path, "--format", "json"]
    output, peak_bytes = ran([str(checkout / ".venv/bin/python"), *words], checkout)
    rows = [row for row in json.loads(output)["rows"] if row["system"] == _OURS]
    found: Figures = {(case, MEMORY): peak_bytes / 2**20} if case != "train" else {}
    for row in rows:
        kind = ", one buffer" if row["case"].endswith("one buffer") else ""
        name = f"{case} {row['global_batch_size']}{kind}"
        found[name, RATE] = row["samples_per_second"]
        if "peak_host_bytes" in row:
            found[name, MEMORY] = row["peak_host_bytes"] / 2**20
    return found


def ran(command: Sequence[str], folder: Path) -> tuple[bytes, int]:
    """Run a command in a folder; return what it prints, and the most bytes that it held."""
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=nowhere) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return output, usage.ru_maxrss * 1024


def rounds(
    old: Path, new: Path, folder: Path, cases: Sequence[str], num_rounds: int
) -> Iterator[tuple[Figures, Figures]]:
    """Yield the figures of old and new, round by round."""
    for index in range(num_rounds):
        found: dict[Path, Figures] = {old: {}, new: {}}
        for case in cases:
            for checkout in (old, new) if index % 2 == 0 else (new, old):
                found[checkout] |= measure(checkout, case, folder)
        print(f"round {index + 1} of {num_rounds}", file=sys.stderr)
        yield found[old], found[new]


def rows_of(measured: Sequence[tuple[Figures, Figures]]) -> list[dict[str, Any]]:
    """Return one row for each figure, both sides in it."""
    return [row_of(key, measured) for key in measured[0][0]]


def row_of(key: tuple[str, str], measured: Sequence[tuple[Figures, Figures]]) -> dict[str, Any]:
    """Return medians of both sides, and of their ratio with its interval."""
    ratios = [new[key] / old[key] for old, new in measured]
    return {
        "case": key[0],
        "unit": key[1],
        "old": statistics.median(old[key] for old, _ in measured),
        "new": statistics.median(new[key] for _, new in measured),
        "ratio": statistics.median(ratios),
        "interval": interval(ratios),
        "n": len(ratios),
    }


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return a 95 % interval of the median, by the bootstrap; the same for the same values."""
    drawing = random.Random(0)
    drawn = (statistics.median(drawing.choices(values, k=len(values))) for _ in range(NUM_DRAWN))
    found = sorted(drawn)
    return found[NUM_DRAWN * 25 // 1000], found[NUM_DRAWN * 975 // 1000 - 1]


def is_worse(row: Mapping[str, Any]) -> bool:
    """Return whether the new side is slower, or takes more memory, by over 3 % in the median."""
    ratio = row["ratio"] if row["unit"] == RATE else 1 / row["ratio"]
    return bool(ratio < 1 - MOST_OFF)


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """One line for each row."""
    print(f"{'case':<26} {'unit':<10} {'old':>12} {'new':>12}  ratio   95 % interval, n")
    for row in rows:
        low, high = row["interval"]
        print(
            f"{row['case']:<26} {row['unit']:<10} {row['old']:>12,.1f} {row['new']:>12,.1f}  "
            f"{row['ratio']:.3f}   [{low:.3f}, {high:.3f}], {row['n']}"
            f"{'  worse' if is_worse(row) else ''}"
        )


def jpegs(folder: Path) -> Path:
    """Return the JPEGs in a folder, cut from scikit-learn's photographs where there are none."""
    from bsgrow.bench.photographs import cut_photographs

    if not folder.exists():
        folder.mkdir(parents=True)
        cut_photographs(folder, NUM_JPEGS)
    return folder


def main() -> None:
    """Measure both checkouts; exits 1 where the new one is worse."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=lambda text: Path(text).resolve())
    parser.add_argument("new", type=lambda text: Path(text).resolve())
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=[*CASES])
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    folder = jpegs(options.folder.resolve() / "jpegs")
    measured = [*rounds(options.old, options.new, folder, options.cases, options.rounds)]
    rows = rows_of(measured)
    if options.format == "json":
        from bsgrow.reporting.machine import describe_machine

        json.dump(describe_machine() | {"rows": rows}, sys.stdout, indent=2)
        print()
    else:
        print_table(rows)
    sys.exit(any(map(is_worse, rows)))


if __name__ == "__main__":
    main()
