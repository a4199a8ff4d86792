"""What `many_processes.py` found, as the tables of docs/many-processes.md.

python benchmarks/many_processes_tables.py [FILE]
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "many_processes.json"
PAGE = Path(__file__).parent.parent / "docs" / "many-processes.md"

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


def network(found: Found) -> Iterator[Sequence[str]]:
    """Yield what an all-reduce takes, and what that makes of the gradient by the α–β model."""
    yield "all-reduce of", "latency α", "bandwidth β", "2 α + n/β"
    alpha, beta = found["latency_seconds"], found["bandwidth_bytes_per_second"]
    num_bytes = found["gradient_bytes"]
    yield (
        f"{num_bytes / 1e6:.2f} MB",
        f"{1e3 * alpha:.3f} ms",
        f"{beta / 1e9:.2f} GB/s",
        f"{1e3 * (2 * alpha + num_bytes / beta):.2f} ms",
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


def markdown(rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the first row is the head."""
    head, *others = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *others))


def tables(found: Found) -> list[str]:
    """Return all of them, in the order of the page."""
    return [
        markdown(efficiency(found["efficiency"])),
        markdown(efficiency(found["efficiency_larger_images"])),
        markdown(network(found["all_reduce"])),
        markdown(overlaps(found["overlap"])),
        markdown(predictions(found["prediction"])),
        markdown(launchers(found["torchrun"])),
    ]


def with_tables(page: str, new: Iterable[str]) -> str:
    """Return a page with each table in place of the next one that has its head."""
    position = 0
    for table in new:
        start = page.index(table.partition("\n")[0], position)
        end = page.index("\n\n", start)
        page, position = page[:start] + table + page[end:], start + len(table)
    return page


def main() -> None:
    """Print the tables, or put them into the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?", default=RESULTS)
    parser.add_argument("--write", action="store_true", help="into docs/many-processes.md")
    options = parser.parse_args()
    found = tables(json.loads(options.file.read_text()))
    if options.write:
        PAGE.write_text(with_tables(PAGE.read_text(), found))
    else:
        print(*found, sep="\n\n")


if __name__ == "__main__":
    main()
