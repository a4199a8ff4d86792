"""What a growing batch of photographs costs: memory and rate, update by update, in one run.

The batch grows from 256 to 16 384 in one stream of the encoded loader, crop to 224, float32, in
micro-batches of 256. Each size is run through twice and the second time counts: the peak of this
process's resident memory while it lasted, and the rate.

    python benchmarks/encoded_memory.py [--decoder native] [--num-threads 2] [--format table|json]
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from bsgrow.bench.memory import watched_memory
from bsgrow.bench.photographs import cut_photographs, photograph_dataset
from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.loading import Loader, LoaderSettings, make_loader, micro_batches_of
from bsgrow.native import Augment
from bsgrow.reporting.machine import describe_machine
from bsgrow.schedule import Update

CPU = torch.device("cpu")
NUM_PHOTOGRAPHS = 1000
SIZE = 224
MICRO_BATCH_SIZE = 256
GLOBAL_BATCH_SIZES = (256, 512, 1024, 2048, 4096, 8192, 16_384)


def open_loader(folder: Path, decoder: str, num_threads: int) -> Loader:
    """Make a loader of photographs that are cut for it."""
    dataset = photograph_dataset(cut_photographs(folder, NUM_PHOTOGRAPHS).folder)
    settings = LoaderSettings(
        MICRO_BATCH_SIZE,
        CPU,
        augment=Augment(flip=True),
        num_threads=num_threads,
        crop=ResizedCrop(SIZE),
        centre_crop=CentreCrop(SIZE, SIZE),
        decoder=decoder,
    )
    return make_loader(dataset, settings)


def growing_updates() -> Iterator[Update]:
    """Yield two updates of each size, the smallest first."""
    stops = [0]
    for size in GLOBAL_BATCH_SIZES:
        stops += [stops[-1] + size, stops[-1] + 2 * size]
    for index, (start, stop) in enumerate(pairwise(stops)):
        yield Update(index, start, stop, lr=0.0, momentum=0.0)


def measure(loader: Loader) -> Iterator[dict[str, Any]]:
    """Yield a row for each size, of its second update."""
    with closing(micro_batches_of(loader, growing_updates())) as micro_batches:
        for size in GLOBAL_BATCH_SIZES:
            take(micro_batches, size)
            start = time.perf_counter()
            with watched_memory(CPU) as watch:
                take(micro_batches, size)
            seconds = time.perf_counter() - start
            yield {
                "global_batch_size": size,
                "peak_host_bytes": watch.peak.host_bytes,
                "batch_bytes": size * 3 * SIZE * SIZE * 4,
                "samples_per_second": size / seconds,
            }


def take(micro_batches: Iterator[Any], num_samples: int) -> None:
    """Let go of micro-batches until there were so many samples."""
    while num_samples > 0:
        num_samples -= len(next(micro_batches).labels)


def main() -> None:
    """Measures every size, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decoder", choices=("native", "dali"), default="native")
    parser.add_argument("--num-threads", type=int, default=2)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        loader = open_loader(Path(folder), options.decoder, options.num_threads)
        rows = list(measure(loader))
    if options.format == "json":
        json.dump(describe_machine() | vars(options) | {"rows": rows}, sys.stdout, indent=2)
        print()
        return
    print("batch    peak MiB   the batch alone, MiB   images/s")
    for row in rows:
        peak, alone = row["peak_host_bytes"] / 2**20, row["batch_bytes"] / 2**20
        print(
            f"{row['global_batch_size']:>6} {peak:>10.0f} {alone:>22.0f} "
            f"{row['samples_per_second']:>10.0f}"
        )


if __name__ == "__main__":
    main()
