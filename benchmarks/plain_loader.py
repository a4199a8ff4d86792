"""The loader for a loop of one's own beside the bare DataLoader, in turns.

    python benchmarks/plain_loader.py [--rounds 9] [--seconds 1.0] [--out FILE]

Both read the same data set with the same workers, micro-batch and collate function, and the bare
one shuffles as torch does. Digits are tensors in memory, of which a sample costs next to nothing,
so that what a loader adds shows at its largest; photographs are decoded and scaled to 64 pixels.
In a case with a step, both loops train a small network; else the growing one makes its steps on a
single number, whose time is taken off. Ratios are those of a round: samples per second of the
growing loader ÷ those of the bare one.
"""

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset, TensorDataset

import bsgrow
from bsgrow.bench.photographs import cut_photographs
from bsgrow.files.atomic import write_json
from bsgrow.reporting.machine import describe_machine

SIZES, WORKERS = (32, 256), (0, 1, 2)


class Photographs(Dataset[tuple[torch.Tensor, int]]):
    """Photographs of a folder, decoded by Pillow."""

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(folder.rglob("*.jpg"))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        with Image.open(self.paths[index]) as image:
            pixels = np.asarray(image.convert("RGB").resize((64, 64)), dtype=np.float32)
        return torch.from_numpy(pixels), int(index) % 10


def digits() -> Dataset[Any]:
    """Return 21 564 small images in memory."""
    pixels, labels = map(torch.tensor, load_digits(return_X_y=True))
    return TensorDataset(pixels.float().div_(16).repeat(12, 1), labels.repeat(12))


class Loop:
    """A training loop that may be run for some time, again and again."""

    def __init__(self, dataset: Any, size: int, workers: int, *, grows: bool, trains: bool) -> None:
        width = 64 if trains else 1
        self._model = torch.nn.Linear(64, width) if trains else torch.nn.Linear(1, 1)
        self._optimizer = torch.optim.SGD(self._model.parameters(), lr=1e-3, momentum=0.9)
        self._trains = trains
        make = self._growing if grows else self._bare
        self._batches = make(dataset, size, workers)

    def rate(self, seconds: float) -> float:
        """Return samples per second of loading, and of the step where there is one."""
        num_samples, spent, begun = 0, 0.0, time.perf_counter()
        while time.perf_counter() - begun < seconds:
            images, weight = next(self._batches)
            num_samples += len(images)
            step = time.perf_counter()
            self._step(images, weight)
            spent += time.perf_counter() - step
        total = time.perf_counter() - begun
        return num_samples / (total if self._trains else total - spent)

    def _step(self, images: torch.Tensor, weight: float) -> None:
        if self._trains:
            (self._model(images).square().mean() * weight).backward()
        self._optimizer.step()
        self._optimizer.zero_grad()

    def _bare(self, dataset: Any, size: int, workers: int) -> Iterator[tuple[torch.Tensor, float]]:
        keeps = workers > 0
        loader = DataLoader(
            dataset, size, shuffle=True, num_workers=workers, persistent_workers=keeps
        )
        while True:
            for images, _ in loader:
                yield images, 1.0

    def _growing(
        self, dataset: Any, size: int, workers: int
    ) -> Iterator[tuple[torch.Tensor, float]]:
        reference = bsgrow.Reference(10**6, lr=1e-3, global_batch_size=size, momentum=0.9)
        plan = bsgrow.compile_plan(reference, bsgrow.Growth(), len(dataset))
        loader = bsgrow.GrowingLoader(
            dataset,
            plan,
            micro_batch_size=size,
            num_workers=workers,
            optimizer=self._optimizer,
        )
        for _ in loader.epochs():
            for (images, _), cut in loader:
                yield images, cut.weight


def measure(make: Callable[[bool], Loop], rounds: int, seconds: float) -> dict[str, Any]:
    """Return medians and spread of both, after a first round that does not count."""
    bare, growing = make(False), make(True)
    pairs = [(bare.rate(seconds), growing.rate(seconds)) for _ in range(rounds + 1)][1:]
    del bare, growing
    gc.collect()  # their workers end now, rather than in the workers that are forked next
    ratios = [ours / theirs for theirs, ours in pairs]
    return {
        "bare_samples_per_second": statistics.median(theirs for theirs, _ in pairs),
        "growing_samples_per_second": statistics.median(ours for _, ours in pairs),
        "ratio": {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)},
        "n": rounds,
    }


def rows(rounds: int, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield the row of each case."""
    with TemporaryDirectory() as folder:
        photographs = Photographs(cut_photographs(Path(folder), 600).folder)
        datasets = {"digits": digits(), "photographs": photographs}
        for (name, dataset), size, workers in product(datasets.items(), SIZES, WORKERS):
            for trains in (False, True) if name == "digits" else (False,):

                def make(grows: bool) -> Loop:
                    return Loop(dataset, size, workers, grows=grows, trains=trains)  # noqa: B023

                case = {"dataset": name, "micro_batch_size": size, "num_workers": workers}
                yield case | {"with_step": trains} | measure(make, rounds, seconds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    found = []
    for row in rows(asked.rounds, asked.seconds):
        found.append(row)
        print(json.dumps(row), flush=True)
    if asked.out is not None:
        write_json(asked.out, describe_machine() | {"rows": found})


if __name__ == "__main__":
    main()
