"""How fast the sample stream is, next to merely filling the buffers that it writes.

The work: 32x32x3 uint8 in memory, in random order -> crop (pad 4), flip, normalise -> NCHW. The
limit: the same threads set the same output buffers to zero, cut into the same chunks. Both are
measured in turn, round by round, so that what else the machine does falls on both.

    python benchmarks/stream_throughput.py [--num-threads 2] [--rounds 15] [--format table|json]
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from bsgrow import _native
from bsgrow.native import Augment, load_batch
from bsgrow.reporting.machine import describe_machine

NUM_SAMPLES = 50_000
SHAPE = (3, 32, 32)
BATCH_SIZES = (128, 1024, 8192)
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
CHUNK_SAMPLES = 32  # what a thread of load_batch takes at a time
SAMPLES_PER_ROUND = 32_768

Run = Callable[[int], None]


def make_stream(images: np.ndarray, out: torch.Tensor, num_threads: int) -> Run:
    """One call of it writes one batch of the stream into out."""
    batch_size = len(out)
    labels = np.arange(len(images))
    items = out.numpy() if out.dtype != torch.bfloat16 else out.view(torch.uint16).numpy()
    out_labels = np.empty(batch_size, np.int64)

    def run(index: int) -> None:
        load_batch(
            images,
            labels,
            seed=0,
            start=index * batch_size,
            stop=(index + 1) * batch_size,
            augment=Augment(pad=4, flip=True),
            mean=(0.4914, 0.4822, 0.4465),
            std=(0.2470, 0.2435, 0.2616),
            out_images=items,
            out_labels=out_labels,
            num_threads=num_threads,
        )

    return run


def make_limit(out: torch.Tensor, num_threads: int) -> Run:
    """One call of it fills the same buffer."""
    items = out.view(-1).view(torch.uint8).numpy()
    chunk_bytes = CHUNK_SAMPLES * out[0].numel() * out.itemsize

    def run(index: int) -> None:
        _native.fill(out=items, chunk_bytes=chunk_bytes, num_threads=num_threads)

    return run


def samples_per_second(run: Run, batch_size: int, round_index: int) -> float:
    """Rate over one round of whole batches."""
    num_batches = max(1, SAMPLES_PER_ROUND // batch_size)
    first = round_index * num_batches
    start = time.perf_counter()
    for index in range(first, first + num_batches):
        run(index)
    return num_batches * batch_size / (time.perf_counter() - start)


def measure(
    images: np.ndarray, dtype: str, batch_size: int, num_threads: int, num_rounds: int
) -> list[dict[str, Any]]:
    """Rows for the stream and for its limit, rounds of the two in turn."""
    out = torch.zeros((batch_size, *SHAPE), dtype=DTYPES[dtype])
    runs = {
        "bsgrow": make_stream(images, out, num_threads),
        "limit": make_limit(out, num_threads),
    }
    rates: dict[str, list[float]] = {system: [] for system in runs}
    for round_index in range(num_rounds + 1):
        for system, run in runs.items():
            rates[system].append(samples_per_second(run, batch_size, round_index))
    case = f"32x32x3 uint8 -> crop, flip, normalise -> {dtype} NCHW, {num_threads} threads"
    return [row(case, system, batch_size, rate[1:]) for system, rate in rates.items()]


def row(case: str, system: str, batch_size: int, rates: list[float]) -> dict[str, Any]:
    """One measurement: the median is the figure, minimum and maximum the spread."""
    return {
        "case": case,
        "system": system,
        "global_batch_size": batch_size,
        "samples_per_second": statistics.median(rates),
        "min": min(rates),
        "median": statistics.median(rates),
        "max": max(rates),
        "n": len(rates),
    }


def print_table(rows: list[dict[str, Any]]) -> None:
    """Stream and limit side by side, in millions of samples a second."""
    print(f"{'case':<72} {'batch':>6} {'stream':>8} {'limit':>8} {'ratio':>6}   median [min, max]")
    for stream, limit in zip(rows[::2], rows[1::2], strict=True):
        rate, bound = stream["median"] / 1e6, limit["median"] / 1e6
        spread = f"[{stream['min'] / 1e6:.2f}, {stream['max'] / 1e6:.2f}]"
        print(
            f"{stream['case']:<72} {stream['global_batch_size']:>6} {rate:>7.2f}M {bound:>7.2f}M "
            f"{rate / bound:>6.2f}   {spread}, n = {stream['n']}"
        )


def main() -> None:
    """Measures every batch size and dtype, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    images = np.random.default_rng(0).integers(0, 256, (NUM_SAMPLES, *SHAPE), dtype=np.uint8)
    rows = [
        measured
        for dtype in DTYPES
        for batch_size in BATCH_SIZES
        for measured in measure(images, dtype, batch_size, options.num_threads, options.rounds)
    ]
    if options.format == "json":
        json.dump(describe_machine() | {"rows": rows}, sys.stdout, indent=2)
        print()
    else:
        print_table(rows)


if __name__ == "__main__":
    main()
