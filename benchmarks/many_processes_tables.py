"""What `many_processes.py` found, as the tables of docs/many-processes.md.

python benchmarks/many_processes_tables.py [FILE]
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "many_processes.json"

Found = Mapping[str, Any]


def efficiency(rows: Iterable[Found]) -> Iterator[Sequence[str]]:
    """Yield a line for each global batch of two processes or more."""
    yield (
        "batch",
        "one alone, samples/s",
        "two together",
        "efficiency",
        "limit",
        "communication",
        "n",
    )
    by_kind = {(r["global_batch_size"], r["system"], r["world_size"]): r for r in rows}
    for (size, system, world_size), row in by_kind.items():
        if system == "bsgrow" and world_size > 1:
            yield (
                f"{size:,}".replace(",", " "),
                rate(by_kind[size, "bsgrow", 1]),
                rate(row),
                f"{row['efficiency']:.2f}",
                f"{by_kind[size, 'limit', world_size]['efficiency']:.2f}",
                f"{row['communication_share']:.1%}",
                str(row["n"]),
            )


def overlaps(rows: Iterable[Found]) -> Iterator[Sequence[str]]:
    """Yield a line for each size of gradient."""
    yield "gradient", "summed in backward", "after it", "ratio", "n"
    for row in rows:
        seconds = row["update_seconds"]
        yield (
            f"{row['gradient_bytes'] / 1e6:.1f} MB",
            *(f"{1e3 * seconds[way]['median']:.0f} ms" for way in ("in backward", "after it")),
            ranged(row["ratio"], 2),
            str(row["ratio"]["n"]),
        )


def predictions(found: Found) -> Iterator[Sequence[str]]:
    """Yield a line for each number of processes and phase, and one for all phases."""
    yield "processes", "batch", "predicted", "measured", "error", "n"
    for row in (*found["phases"], *found["totals"]):
        yield (
            str(row["world_size"]),
            str(row.get("global_batch_size", "all")),
            f"{row['predicted_seconds']:.2f} s",
            f"{ranged(row['seconds'], 2)} s",
            f"{row['relative_error']:+.0%}",
            str(row["seconds"]["n"]),
        )


def launchers(found: Found) -> Iterator[Sequence[str]]:
    """Yield a line for each way of starting one process."""
    yield "started by", "start and end", "updates/s", "n"
    for name, words in (("none", "nothing else"), ("torchrun", "torchrun")):
        start_up, updates = found["start_up_seconds"][name], found["updates_per_second"][name]
        yield words, f"{ranged(start_up, 1)} s", ranged(updates, 0), str(updates["n"])


def rate(row: Found) -> str:
    """Return samples per second with their spread."""
    return f"{row['median']:.0f} [{row['min']:.0f}, {row['max']:.0f}]"


def ranged(spread: Found, digits: int) -> str:
    """Return a median with minimum and maximum."""
    median, low, high = (f"{spread[key]:.{digits}f}" for key in ("median", "min", "max"))
    return f"{median} [{low}, {high}]"


def print_table(rows: Iterator[Sequence[str]]) -> None:
    """Write Markdown; the first row is the head."""
    head = next(rows)
    for row in (head, ["---"] * len(head), *rows):
        print(f"| {' | '.join(row)} |")
    print()


def print_tables(found: Found) -> None:
    """Write all of them."""
    print_table(efficiency(found["efficiency"]))
    print_table(efficiency(found["efficiency_larger_images"]))
    print_table(overlaps(found["overlap"]))
    print_table(predictions(found["prediction"]))
    print_table(launchers(found["torchrun"]))


if __name__ == "__main__":
    print_tables(json.loads(Path(sys.argv[1] if sys.argv[1:] else RESULTS).read_text()))
