"""The loader for a loop of one's own beside the bare DataLoader, in turns.

    python benchmarks/plain_loader.py [--rounds 7] [--seconds 0.5] [--out FILE]

Both read the same data set with the same workers, micro-batch and collate function, and the bare
one shuffles as torch does. Digits are tensors in memory, of which a sample costs next to nothing,
so that what a loader adds shows at its largest; photographs are decoded and scaled to 64 pixels.
A turn begins when what was fetched ahead is used up, and the next one when it is fetched again.
Rates are of loading. Both loops make a step of a single number as often. Without workers every
update is one micro-batch, and the time of the step is taken off. Workers would go on within that
time: with them an update is 64 micro-batches, or as many as a data set has, and nothing is taken
off. Steps are timed by themselves, of a small network on digits, once a micro-batch; the bare loop
has no scheduler.
Ratios are those of a round, growing ÷ bare. Takes about three minutes on two cores.
"""

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle, product
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
MOST_SECONDS = 14.0  # of a case

# Images, labels, the weight of the loss, and whether a step follows.
MicroBatches = Iterator[tuple[torch.Tensor, torch.Tensor, float, bool]]


class Photographs(Dataset[tuple[torch.Tensor, int]]):
    """Photographs of a folder, decoded by Pillow."""

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(folder.rglob("*.jpg"))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        with Image.open(self.paths[index]) as image:
            image.draft("RGB", (64, 64))  # decodes at an eighth to a half of the size
            pixels = np.asarray(image.convert("RGB").resize((64, 64)), dtype=np.float32)
        return torch.from_numpy(pixels), int(index) % 10


def digits() -> Dataset[Any]:
    """Return 21 564 small images in memory."""
    pixels, labels = map(torch.tensor, load_digits(return_X_y=True))
    return TensorDataset(pixels.float().div_(16).repeat(12, 1), labels.repeat(12))


def network() -> torch.nn.Module:
    """Return a network whose step takes some milliseconds."""
    return torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 8, 8)),
        torch.nn.Conv2d(1, 32, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(32, 32, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(32 * 64, 10),
    )


class Loop:
    """A training loop that may be run for some time, again and again."""

    def __init__(self, dataset: Any, size: int, workers: int, *, grows: bool, trains: bool) -> None:
        self._model = network() if trains else torch.nn.Linear(1, 1)
        self._optimizer = torch.optim.SGD(self._model.parameters(), lr=1e-3, momentum=0.9)
        self._trains, self._num_ahead = trains, 2 * workers  # DataLoader's prefetch_factor
        make = self._growing if grows else self._bare
        self._batches = make(dataset, size, workers)

    def rate(self, seconds: float) -> float:
        """Return samples per second of loading."""
        for _ in range(self._num_ahead):
            self._turn()
        num_samples, spent, begun = 0, 0.0, time.perf_counter()
        while time.perf_counter() - begun < seconds:
            length, step = self._turn()
            num_samples, spent = num_samples + length, spent + step
        rate = num_samples / (time.perf_counter() - begun - spent)
        time.sleep(self._num_ahead * length / rate)
        return rate

    def step_seconds(self, seconds: float) -> float:
        """Return the median time of a step."""
        found, begun = [], time.perf_counter()
        while time.perf_counter() - begun < seconds:
            found.append(self._turn()[1])
        return statistics.median(found)

    def _turn(self) -> tuple[int, float]:
        """Return how many samples were loaded, and what the step with them took."""
        images, labels, weight, closes = next(self._batches)
        begun = time.perf_counter()
        if self._trains:
            loss = torch.nn.functional.cross_entropy(self._model(images), labels)
            (loss * weight).backward()
        if closes:
            self._optimizer.step()
            self._optimizer.zero_grad()
        return len(images), 0.0 if self._num_ahead else time.perf_counter() - begun

    def _bare(self, dataset: Any, size: int, workers: int) -> MicroBatches:
        keeps = workers > 0
        loader = DataLoader(
            dataset, size, shuffle=True, num_workers=workers, persistent_workers=keeps
        )
        ends = cycle([*[False] * (_num_micro_batches(dataset, size, workers) - 1), True])
        while True:
            for (images, labels), closes in zip(loader, ends, strict=False):
                yield images, labels, 1.0, closes

    def _growing(self, dataset: Any, size: int, workers: int) -> MicroBatches:
        batch = _num_micro_batches(dataset, size, workers) * size
        reference = bsgrow.Reference(10**6, lr=1e-3, global_batch_size=batch, momentum=0.9)
        plan = bsgrow.compile_plan(reference, bsgrow.Growth(), len(dataset))
        loader = bsgrow.GrowingLoader(
            dataset,
            plan,
            micro_batch_size=size,
            num_workers=workers,
            optimizer=self._optimizer,
        )
        for _ in loader.epochs():
            for (images, labels), cut in loader:
                yield images, labels, cut.weight, cut.closes_update


def _num_micro_batches(dataset: Any, size: int, workers: int) -> int:
    """Return how many an update has."""
    return min(64, len(dataset) // size) if workers else 1


def measure(
    make: Callable[[bool], Loop], turn: Callable[[Loop], float], rounds: int, unit: str
) -> dict[str, Any]:
    """Return medians and spread of both, after a first round that does not count.

    Rounds are fewer where they would take longer than a case may.
    """
    bare, growing, ends = make(False), make(True), time.perf_counter() + MOST_SECONDS
    turn(bare), turn(growing)
    pairs = [(turn(bare), turn(growing))]
    while len(pairs) < rounds and time.perf_counter() < ends:
        pairs.append((turn(bare), turn(growing)))
    del bare, growing
    gc.collect()  # their workers end now, rather than in the workers that are forked next
    ratios = [ours / theirs for theirs, ours in pairs]
    return {
        f"bare_{unit}": statistics.median(theirs for theirs, _ in pairs),
        f"growing_{unit}": statistics.median(ours for _, ours in pairs),
        "ratio": {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)},
        "n": len(pairs),
    }


def rates(rounds: int, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield the rates of loading of each case."""
    with TemporaryDirectory() as folder:
        photographs = Photographs(cut_photographs(Path(folder), 768).folder)
        datasets = {"digits": digits(), "photographs": photographs}
        for (name, dataset), size, workers in product(datasets.items(), SIZES, WORKERS):
            make = partial(looping, dataset, size, workers, False)
            case = {"dataset": name, "micro_batch_size": size, "num_workers": workers}
            turn = partial(Loop.rate, seconds=seconds)
            yield case | measure(make, turn, rounds, "samples_per_second")


def steps(rounds: int, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield the time of a step at each size."""
    for size in SIZES:
        make = partial(looping, digits(), size, 0, True)
        turn = partial(Loop.step_seconds, seconds=seconds)
        yield {"micro_batch_size": size} | measure(make, turn, rounds, "step_seconds")


def looping(dataset: Any, size: int, workers: int, trains: bool, grows: bool) -> Loop:
    """Return a loop over a data set."""
    torch.manual_seed(0)
    return Loop(dataset, size, workers, grows=grows, trains=trains)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5, help="of a turn")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, list[dict[str, Any]]] = {}
    for kind, rows in (("rates", rates), ("steps", steps)):
        found[kind] = []
        for row in rows(asked.rounds, asked.seconds):
            found[kind].append(row)
            print(json.dumps(row), flush=True)
    if asked.out is not None:
        write_json(asked.out, describe_machine() | found)


if __name__ == "__main__":
    main()
