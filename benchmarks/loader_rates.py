"""How the loader's rate depends on the batch size and on the dtype, next to filling its memory.

The loader as training uses it: images of 32x32x3 in memory, in random order, cropped (pad 4),
flipped, normalised and cast, in micro-batches that lie in its ring. All batch sizes and dtypes, and
the bare fill of the same ring in float32, take turns of a tenth of a second in a random order, and
are compared within a round of about two seconds: a virtual machine may write memory at one rate for
some seconds, and then at half. Takes 9 GB of memory: a batch of 65 536 is a slot of the ring.

    python benchmarks/loader_rates.py [--num-threads 2] [--rounds 60] [--channels-last]
                                      [--format table|json]
"""

import argparse
import json
import random
import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from bsgrow.bench.measure import Round, settle, time_deliveries, warm_up
from bsgrow.bench.rows import LIMIT, OURS, median_ratio, spread
from bsgrow.bench.source import Delivered
from bsgrow.bench.systems import SYSTEMS
from bsgrow.bench.work import ArrayWork
from bsgrow.bench.works import Delivery, array_works
from bsgrow.native import Augment
from bsgrow.reporting.machine import describe_machine

BATCH_SIZES = (128, 1024, 8192, 65_536)
OTHERS_ARE_COMPARED_TO = 8192
FLOAT32 = "float32"
DTYPES = {FLOAT32: torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
SHAPE = (3, 32, 32)
CROP = Augment(pad=4, flip=True)
TURN_SECONDS = 0.08
CPU = torch.device("cpu")

Name = tuple[int, str]
"""Batch size, and dtype or limit."""

Measurements = dict[Name, dict[int, Round]]
"""Rounds by their number."""


@dataclass(frozen=True)
class Stream:
    """Deliveries that go on from turn to turn, and how many may be ready before a turn begins."""

    work: ArrayWork
    batches: Generator[Delivered, None, None]
    num_ready: int

    def turn(self) -> Round:
        """Time what is made in a turn."""
        settle()
        warm_up(self.batches, self.work, self.num_ready)
        return time_deliveries(self.batches, CPU, TURN_SECONDS)


def works(num_threads: int, memory_format: torch.memory_format) -> Iterator[tuple[Name, ArrayWork]]:
    """Yield the work of each measurement."""
    delivery = Delivery(BATCH_SIZES, Path(), device="cpu", num_threads=num_threads)
    for work in array_works(delivery, SHAPE, CROP):
        if type(work) is ArrayWork:
            for what in (LIMIT, *DTYPES):
                dtype = DTYPES.get(what, torch.float32)
                mine = replace(work, dtype=dtype, memory_format=memory_format)
                yield (work.global_batch_size, what), mine


def measure(num_threads: int, channels_last: bool, num_rounds: int) -> Measurements:
    """Measure all in each round, after one that does not count."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    with ExitStack() as opened:
        streams = {}
        for name, work in works(num_threads, layout):
            source = SYSTEMS[LIMIT if name[1] == LIMIT else OURS].open(work)
            batches = opened.enter_context(closing(source.stream()))
            streams[name] = Stream(work, batches, source.num_ahead)
        in_turn = random.Random(0)
        rounds = []
        for _ in range(num_rounds + 1):
            names = in_turn.sample(list(streams), len(streams))
            rounds.append({name: streams[name].turn() for name in names})
    return {name: {k: rounds[k][name] for k in range(1, len(rounds))} for name in streams}


def rows(measured: Measurements) -> Iterator[dict[str, Any]]:
    """Yield one measurement after the other; ratios are medians of those of the rounds."""
    for (batch_size, what), rounds in measured.items():
        ratios = {
            ratio: median_ratio(rounds, measured[other])
            for ratio, other in compared_to(batch_size, what)
        }
        yield {"global_batch_size": batch_size, "system": what} | spread(rounds) | ratios


def compared_to(batch_size: int, what: str) -> Iterator[tuple[str, Name]]:
    """Yield what a measurement is divided by; the limit writes as many bytes as float32 has."""
    yield f"of_batch_{OTHERS_ARE_COMPARED_TO}", (OTHERS_ARE_COMPARED_TO, what)
    if what == FLOAT32:
        yield "of_limit", (batch_size, LIMIT)
    elif what != LIMIT:
        yield "of_float32", (batch_size, FLOAT32)


def print_table(rows: Iterator[dict[str, Any]]) -> None:
    """One line for each row."""
    for row in rows:
        ratios = "  ".join(f"{row[key]:.2f} {key}" for key in row if key.startswith("of_"))
        print(
            f"batch {row['global_batch_size']:>6} {row['system']:<8}"
            f"  {row['samples_per_second']:>10,.0f} images/s"
            f" [{row['min']:,.0f}, {row['max']:,.0f}]  {ratios}"
        )


def main() -> None:
    """Measure every batch size and dtype, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--num-threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    args = parser.parse_args()
    measured = measure(args.num_threads, args.channels_last, args.rounds)
    if args.format == "json":
        json.dump(describe_machine() | {"rows": list(rows(measured))}, sys.stdout, indent=2)
        print()
    else:
        print_table(rows(measured))


if __name__ == "__main__":
    main()
