"""How much faster the loader delivers images of 16 bits than of 32.

The loader as training uses it: images of 32x32x3 in memory, in random order, cropped (pad 4),
flipped, normalised and cast, in batches that lie in its ring. The dtypes are measured in turn,
round by round, and each rate is divided by that of float32 in the same round.

    python benchmarks/output_dtypes.py [--num-threads 2] [--rounds 9] [--format table|json]
"""

import argparse
import json
import statistics
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from bsgrow.bench.measure import Measured, Pace, measure_in_turn, run_source
from bsgrow.bench.systems import SYSTEMS
from bsgrow.bench.work import ArrayWork
from bsgrow.bench.works import Delivery, array_works
from bsgrow.native import Augment
from bsgrow.reporting.machine import describe_machine

DTYPES = (torch.float32, torch.float16, torch.bfloat16)
LAYOUTS = (torch.contiguous_format, torch.channels_last)
BATCH_SIZES = (128, 1024, 8192, 65_536)
SHAPE = (3, 32, 32)
CROP = Augment(pad=4, flip=True)
SECONDS_PER_ROW = 1e9  # all rounds, however long they take


def works(num_threads: int) -> Iterator[ArrayWork]:
    """Yield the work at each layout and batch size, in float32."""
    delivery = Delivery(BATCH_SIZES, Path(), device="cpu", num_threads=num_threads)
    in_ring = [work for work in array_works(delivery, SHAPE, CROP) if type(work) is ArrayWork]
    return (replace(work, memory_format=layout) for layout in LAYOUTS for work in in_ring)


def measure(work: ArrayWork, num_rounds: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each dtype."""
    each = {dtype: replace(work, dtype=dtype) for dtype in DTYPES}
    runs = {
        str(dtype): partial(run_source, SYSTEMS["bsgrow"].open(mine), mine)
        for dtype, mine in each.items()
    }
    measured = measure_in_turn(runs, Pace(num_rounds + 1, 0.3, SECONDS_PER_ROW), lambda *_: None)
    return (row(mine, str(dtype), measured) for dtype, mine in each.items())


def row(work: ArrayWork, dtype: str, measured: Mapping[str, Measured]) -> dict[str, Any]:
    """One measurement: the median is the figure, minimum and maximum the spread."""
    mine, floats = rates(measured[dtype]), rates(measured[str(torch.float32)])
    return {
        "case": work.case,
        "system": "bsgrow",
        "global_batch_size": work.global_batch_size,
        "samples_per_second": statistics.median(mine),
        "min": min(mine),
        "median": statistics.median(mine),
        "max": max(mine),
        "n": len(mine),
        "of_float32": statistics.median(a / b for a, b in zip(mine, floats, strict=True)),
    }


def rates(measured: Measured) -> list[float]:
    """Return those of the rounds that count."""
    if measured.reason is not None:
        sys.exit(measured.reason)
    return [each.samples_per_second for each in measured.counted.values()]


def print_table(rows: list[dict[str, Any]]) -> None:
    """One line for each row."""
    for each in rows:
        print(
            f"{each['case']:<95} batch {each['global_batch_size']:>6}"
            f"  {each['samples_per_second']:>10,.0f} images/s"
            f" [{each['min']:,.0f}, {each['max']:,.0f}]  {each['of_float32']:.2f} of float32"
        )


def main() -> None:
    """Measure every layout, batch size and dtype, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--num-threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--format", choices=["table", "json"], default="table")
    args = parser.parse_args()
    rows = [each for work in works(args.num_threads) for each in measure(work, args.rounds)]
    if args.format == "json":
        json.dump(describe_machine() | {"rows": rows}, sys.stdout, indent=2)
        print()
    else:
        print_table(rows)


if __name__ == "__main__":
    main()
