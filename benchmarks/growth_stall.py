"""What crossing a change of batch size costs, next to any other update.

A plan goes through batch sizes, several updates of each, with one micro-batch size throughout. The
time of an update, per sample, is divided by the median of the updates of its batch size that are
not next to a change; updates next to one are the last before it and the first two after it. Each
place in the plan is measured once a round, and the median over rounds taken, so that what else the
machine does falls out; the slowest place next to a change stands beside the slowest of all others.

Measured on the loader alone, of arrays and of JPEG photographs, and on real training updates
(forward, backward, optimizer).

    python benchmarks/growth_stall.py [--rounds 31] [--num-threads 1] [--format table|json]
"""

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from bsgrow.bench.photographs import cut_photographs, photograph_dataset
from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.loading import Loader, LoaderSettings, MicroBatch, make_loader
from bsgrow.models import build_model
from bsgrow.native import Augment
from bsgrow.reporting.machine import describe_machine
from bsgrow.schedule import Update
from bsgrow.training.step import Totals, accumulate
from bsgrow.training.update import apply

NUM_SAMPLES = 10_000
NUM_PHOTOGRAPHS = 256  # 12 MB: they stay in the page cache
PHOTOGRAPH_SIZE = 96  # pixels that are shown of them; most of the work is decoding
MICRO_BATCH_SIZE = 128
PHOTOGRAPHS_PER_MICRO_BATCH = 16  # decoding takes a hundred times as long
UPDATES_PER_SIZE = 8
NUM_WARM_UP = 32  # updates in which the loader is first filled, at least; they do not count
NUM_AFTER = 2  # updates after a change that count as next to it
CPU = torch.device("cpu")


def make_dataset(image_shape: tuple[int, int, int]) -> ArrayDataset:
    """Noise: what an image shows costs nothing."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (NUM_SAMPLES, *image_shape), dtype=np.uint8)
    split = ArraySplit(images, random.integers(0, 10, NUM_SAMPLES))
    constants = (0.5,) * image_shape[0]
    return ArrayDataset("noise", split, split, 10, constants, constants, "sha256:0")


@contextmanager
def array_loader(image_shape: tuple[int, int, int], num_threads: int) -> Iterator[Loader]:
    """Yield a loader of arrays of (C, H, W)."""
    augment = Augment(pad=1, flip=True)
    settings = LoaderSettings(MICRO_BATCH_SIZE, CPU, augment=augment, num_threads=num_threads)
    yield make_loader(make_dataset(image_shape), settings)


@contextmanager
def photograph_loader(num_threads: int) -> Iterator[Loader]:
    """Yield a loader of JPEG files, which are there as long as it is."""
    with TemporaryDirectory() as folder:
        settings = LoaderSettings(
            PHOTOGRAPHS_PER_MICRO_BATCH,
            CPU,
            augment=Augment(flip=True),
            num_threads=num_threads,
            crop=ResizedCrop(PHOTOGRAPH_SIZE),
            centre_crop=CentreCrop(PHOTOGRAPH_SIZE, PHOTOGRAPH_SIZE),
        )
        photographs = cut_photographs(Path(folder), NUM_PHOTOGRAPHS)
        yield make_loader(photograph_dataset(photographs.folder), settings)


@dataclass(frozen=True)
class Case:
    """What is measured.

    Attributes:
        name: as the table has it.
        open_loader: takes the number of threads.
        global_batch_sizes: in turn.
        in_channels: of the network that is trained; None where the loader is alone.
    """

    name: str
    open_loader: Callable[[int], AbstractContextManager[Loader]]
    global_batch_sizes: tuple[int, ...]
    in_channels: int | None = None


CASES = (
    Case(
        "loader alone, 3x32x32",
        partial(array_loader, (3, 32, 32)),
        (128, 640, 3200, 16_384, 65_536),
    ),
    Case(
        f"loader alone, JPEG to 3x{PHOTOGRAPH_SIZE}x{PHOTOGRAPH_SIZE}",
        photograph_loader,
        (16, 48, 144),
    ),
    Case(
        "training, wide_resnet 10-1, 1x8x8",
        partial(array_loader, (1, 8, 8)),
        (128, 512, 2048),
        in_channels=1,
    ),
)


def make_plan(sizes: Sequence[int], num_warm_up: int) -> list[Update]:
    """Updates of each size in turn, after some of the first size to warm up."""
    batches = [sizes[0]] * num_warm_up + [size for size in sizes for _ in range(UPDATES_PER_SIZE)]
    ends = [0, *itertools.accumulate(batches)]
    return [Update(k, *pair, 0.01, 0.9) for k, pair in enumerate(itertools.pairwise(ends))]


def is_next_to_change(place: int, num_places: int) -> bool:
    """Whether the update at this place, the warm-up not counted, touches a change of batch size."""
    offset = place % UPDATES_PER_SIZE
    is_after = offset < NUM_AFTER and place >= UPDATES_PER_SIZE
    is_before = offset == UPDATES_PER_SIZE - 1 and place < num_places - 1
    return is_after or is_before


class Trainer:
    """A small wide residual network that is trained on what it is given."""

    def __init__(self, in_channels: int) -> None:
        torch.manual_seed(0)
        self._model = build_model(
            "wide_resnet",
            {"depth": 10, "width": 1},
            in_channels=in_channels,
            num_classes=10,
            ghost_batch_size=MICRO_BATCH_SIZE,
        )
        self._optimizer = torch.optim.SGD(self._model.parameters(), lr=0.01, momentum=0.9)
        self._totals = Totals(CPU)

    def use(self, update: Update, batch: MicroBatch) -> None:
        """Forward and backward; the optimizer's step at the end of an update."""
        size = update.global_batch_size
        accumulate(self._model, batch.images, batch.labels, update_size=size, totals=self._totals)
        if batch.is_last:
            apply(self._optimizer, update)


def time_updates(
    loader: Loader, sizes: Sequence[int], trainer: Trainer | None, num_warm_up: int
) -> Iterator[float]:
    """Yield the seconds a sample of each update after the warm-up."""
    plan = make_plan(sizes, num_warm_up)
    start = time.perf_counter()
    with closing(loader.updates(plan)) as updates:
        for update, micro_batches in updates:
            for batch in micro_batches:
                if trainer:
                    trainer.use(update, batch)
            now = time.perf_counter()
            if update.index >= num_warm_up:
                yield (now - start) / update.global_batch_size
            start = time.perf_counter()


def relative(costs: Sequence[float]) -> list[float]:
    """Divide each update's cost by the median of those of its batch size that touch no change."""
    ratios: list[float] = []
    for first in range(0, len(costs), UPDATES_PER_SIZE):
        places = range(first, first + UPDATES_PER_SIZE)
        settled = [costs[p] for p in places if not is_next_to_change(p, len(costs))]
        ratios += [costs[p] / statistics.median(settled) for p in places]
    return ratios


def measure(case: Case, num_rounds: int, num_threads: int) -> dict[str, Any]:
    """One row: the slowest place next to a change, and the slowest of all others."""
    trainer = Trainer(case.in_channels) if case.in_channels else None
    sizes = case.global_batch_sizes
    # A scheduler's time slices and the epoch's end must not fall on the same place each round.
    random = np.random.default_rng(0)
    warm_ups = (NUM_WARM_UP * random.uniform(1, 10, num_rounds + 1)).astype(int)
    with case.open_loader(num_threads) as loader:
        rounds = [list(time_updates(loader, sizes, trainer, int(num))) for num in warm_ups][1:]
    places = [statistics.median(place) for place in zip(*map(relative, rounds), strict=True)]
    touching = [is_next_to_change(p, len(places)) for p in range(len(places))]
    changes = [ratio for ratio, touches in zip(places, touching, strict=True) if touches]
    others = [ratio for ratio, touches in zip(places, touching, strict=True) if not touches]
    return {
        "case": case.name,
        "system": "bsgrow",
        "global_batch_sizes": sizes,
        "slowest_next_to_change": max(changes),
        "median_next_to_change": statistics.median(changes),
        "slowest_of_others": max(others),
        "num_next_to_change": len(changes),
        "num_others": len(others),
        "num_threads": num_threads,
        "n": num_rounds,
    }


def print_table(rows: list[dict[str, Any]]) -> None:
    """Cost of an update, 1 being the median of those of its size that touch no change."""
    print(
        f"{'case':<36} {'at a change: median':>20} {'slowest':>8} {'others: slowest':>16} {'n':>4}"
    )
    for row in rows:
        print(
            f"{row['case']:<36} {row['median_next_to_change']:>20.3f} "
            f"{row['slowest_next_to_change']:>8.3f} {row['slowest_of_others']:>16.3f} {row['n']:>4}"
        )


def main() -> None:
    """Measures all cases, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--num-threads", type=int, default=1)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    torch.set_num_threads(options.num_threads)
    rows = [measure(case, options.rounds, options.num_threads) for case in CASES]
    if options.format == "json":
        json.dump(describe_machine() | {"rows": rows}, sys.stdout, indent=2)
        print()
    else:
        print_table(rows)


if __name__ == "__main__":
    main()
