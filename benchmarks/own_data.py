"""Whether data of one's own is streamed as fast as what is shipped: npz, and parquet of JPEGs.

Fashion-MNIST as an npz beside the same arrays as they are shipped, and photographs (500x375) in
parquet files beside a folder of the same ones. Each loader, as training uses it, takes turns with
the other; a ratio is that of two neighbours. How long the first opening took, and the next, is said
too: parquet's images are taken out once, into the cache.

    python benchmarks/own_data.py [--photographs 600] [--rounds 20] [--seconds 1] [--out FILE]
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from pyarrow import parquet

from bsgrow.bench.photographs import cut_photographs
from bsgrow.data import Dataset, find_spec
from bsgrow.data.arrays.fetch import CACHE_VARIABLE
from bsgrow.loading import LoaderSettings, make_loader
from bsgrow.loading.loader import MicroBatch
from bsgrow.native import Augment
from bsgrow.reporting.machine import describe_machine
from bsgrow.schedule import Growth, Reference, compile_plan

MICRO_BATCH = 64
EPOCHS = 10_000  # more than are taken
Open = Callable[[], Dataset]


def npz_pair(folder: Path) -> tuple[Open, Open]:
    """Save Fashion-MNIST as an npz; return what opens it as it is shipped, and that."""
    shipped = find_spec("fashion-mnist").fetch()
    splits = {"": shipped.train, "test_": shipped.test}
    arrays = {f"{name}images": split.images for name, split in splits.items()}
    arrays |= {f"{name}labels": split.labels for name, split in splits.items()}
    np.savez(folder / "own.npz", **arrays)
    npz = find_spec("npz")
    return lambda: find_spec("fashion-mnist").open(None), lambda: npz.open(folder / "own.npz")


def parquet_pair(folder: Path, num_photographs: int) -> tuple[Open, Open]:
    """Write photographs as a folder and as parquet; return what opens each."""
    (folder / "images").mkdir()
    photographs = cut_photographs(folder / "images", num_photographs)
    files = [{"bytes": path.read_bytes(), "path": path.name} for path in photographs.files]
    table = pa.table({"image": files, "label": photographs.labels})
    (folder / "parquet").mkdir()
    parquet.write_table(table, folder / "parquet/train.parquet", row_group_size=100)
    parquet.write_table(table.slice(0, 50), folder / "parquet/test.parquet")
    images = photographs.folder
    return (
        lambda: find_spec("folder").open(images, 0.1),
        lambda: find_spec("parquet").open(folder / "parquet"),
    )


def micro_batches(dataset: Dataset) -> Iterator[MicroBatch]:
    """Yield what training takes of a data set, without an end."""
    plan = compile_plan(Reference(EPOCHS, 0.1, 4 * MICRO_BATCH), Growth(), len(dataset.train))
    augment = Augment(pad=2, flip=True) if dataset.image_shape else Augment(flip=True)
    settings = LoaderSettings(
        MICRO_BATCH,
        torch.device("cpu"),
        augment=augment,
        num_threads=torch.get_num_threads(),
    )
    for _, parts in make_loader(dataset, settings).updates(plan.updates()):
        yield from parts


def turn(batches: Iterator[MicroBatch], seconds: float) -> float:
    """Return the images a second of a turn; what was ready before it does not count."""
    for _ in range(4):
        next(batches)
    begin, num = time.perf_counter(), 0
    while (passed := time.perf_counter() - begin) < seconds:
        num += next(batches).num_samples
    return num / passed


def opened(open_it: Open) -> tuple[Dataset, list[float]]:
    """Open a data set twice; return it, and how many seconds each took."""
    seconds = []
    for _ in range(2):
        begin = time.perf_counter()
        dataset = open_it()
        seconds.append(time.perf_counter() - begin)
    return dataset, seconds


def compare(name: str, pair: tuple[Open, Open], num_rounds: int, seconds: float) -> dict[str, Any]:
    """Measure a data set of one's own in turns with the shipped kind; the first is not counted."""
    (theirs, theirs_open), (own, own_open) = map(opened, pair)
    streams = [micro_batches(theirs), micro_batches(own)]
    rounds = []
    for number in range(num_rounds + 1):
        order = (0, 1) if number % 2 else (1, 0)
        rates = {index: turn(streams[index], seconds) for index in order}
        rounds.append((rates[0], rates[1]))
    ratios = sorted(mine / other for other, mine in rounds[1:])
    return {
        "data": name,
        "samples_per_second": statistics.median(mine for _, mine in rounds[1:]),
        "of_the_other": statistics.median(other for other, _ in rounds[1:]),
        "ratio": statistics.median(ratios),
        "ratio_quartiles": [ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]],
        "n": num_rounds,
        "open_seconds": dict(zip(("first", "next"), own_open, strict=True)),
        "open_seconds_of_the_other": dict(zip(("first", "next"), theirs_open, strict=True)),
    }


def main() -> None:
    """Measure both, print what came out, and write it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photographs", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        often = (args.rounds, args.seconds)
        rows = [compare("npz, beside fashion-mnist", npz_pair(folder), *often)]
        os.environ[CACHE_VARIABLE] = name  # so that parquet is opened for the first time
        pair = parquet_pair(folder, args.photographs)
        rows.append(compare("parquet, beside a folder", pair, *often))
    text = json.dumps(describe_machine() | {"rows": rows}, indent=2)
    print(text)
    if args.out:
        args.out.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
