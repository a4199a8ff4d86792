"""What a second worker gains in packing and in verifying, beside what only copies or decodes.

One worker and two, in turns: small images (32x32, 800 bytes) and photographs (500x375, 49 KB) that
are copied, decoded, reduced or made baseline. The limits are `tar -cf` of the same files, and
decoding them, already in memory, in one process and in two. Everything is in the page cache.

    python benchmarks/pack_rates.py [--folder FOLDER] [--small 20000] [--photographs 1500]
        [--rounds 5] [--format table|json]
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image
from small_files import make_folder

from bsgrow.bench.photographs import cut_photographs
from bsgrow.data.packing import PackOptions, pack
from bsgrow.data.verify import verify
from bsgrow.images import reading
from bsgrow.images.jpeg.baseline import to_baseline
from bsgrow.native.decoding import check_as_in_training

WORKERS = (1, 2)
Case = Callable[[int, Path], object]
"""Takes a number of workers and an empty folder to write to."""


def packed(source: Path, options: PackOptions, num_workers: int, out: Path) -> None:
    """Pack as the command line does."""
    also = {"to_baseline": to_baseline, "also": check_as_in_training}
    pack(source, out / "packed", options, num_workers=num_workers, **also)


def verified(source: Path, decode: bool, num_workers: int, out: Path) -> None:
    """Verify as the command line does."""
    assert not verify(
        source, decode=decode, also=check_as_in_training, num_workers=num_workers
    ).damaged


def tarred(source: Path, num_workers: int, out: Path) -> None:
    """Copy the files into one, with what is made for that; it has no workers."""
    subprocess.run(["tar", "-cf", out / "all.tar", "."], cwd=source, check=True)


def decode_all(contents: Sequence[bytes]) -> None:
    """Decode images as packing and verifying do."""
    for content in contents:
        reading.check_decodes(content)
        check_as_in_training(content)


def decoded(contents: Sequence[bytes], num_workers: int, out: Path) -> None:
    """Decode images that the processes hold already."""
    context = get_context("fork")
    parts = [contents[number::num_workers] for number in range(num_workers)]
    processes = [context.Process(target=decode_all, args=(part,)) for part in parts]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


def progressive(source: Path, folder: Path) -> Path:
    """Write the same photographs as progressive JPEGs."""
    for path in sorted(source.rglob("*.jpg")):
        target = folder / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as image:
            image.save(target, quality="keep", progressive=True)
    return folder


def cases(folder: Path, num_small: int, num_photographs: int) -> Iterator[tuple[str, int, Case]]:
    """Yield a name, a number of images and what is measured."""
    small = make_folder(folder / "small", num_small, 100) / "train"
    (folder / "photographs").mkdir()
    photographs = cut_photographs(folder / "photographs", num_photographs).folder
    scans = progressive(photographs, folder / "progressive")
    for name, source, num in (("small", small, num_small), ("large", photographs, num_photographs)):
        contents = [path.read_bytes() for path in sorted(source.rglob("*.*"))]
        yield f"{name}: tar -cf", num, partial(tarred, source)
        yield f"{name}: pack", num, partial(packed, source, PackOptions())
        yield f"{name}: decode alone", num, partial(decoded, contents)
        yield f"{name}: pack --decode", num, partial(packed, source, PackOptions(decode=True))
        yield f"{name}: verify", num, partial(verified, source, False)
        yield f"{name}: verify --decode", num, partial(verified, source, True)
    reduced = PackOptions(shortest_side=256)
    yield "large: pack --shortest-side 256", num_photographs, partial(packed, photographs, reduced)
    yield "progressive: pack", num_photographs, partial(packed, scans, PackOptions())


def seconds(case: Case, num_workers: int, folder: Path) -> float:
    """Return the duration of one call."""
    with TemporaryDirectory(dir=folder) as out:
        begin = time.perf_counter()
        case(num_workers, Path(out))
        return time.perf_counter() - begin


def measure(case: Case, folder: Path, num_rounds: int) -> list[list[float]]:
    """Seconds of each round after a first, with one worker and with two."""
    rounds = [[seconds(case, num, folder) for num in WORKERS] for _ in range(num_rounds + 1)]
    return rounds[1:]


def row(name: str, num_images: int, rounds: Sequence[Sequence[float]]) -> dict[str, Any]:
    """One case: medians of the rates, and of the ratio within a round, with its spread."""
    rates = [
        statistics.median(num_images / taken for taken in column)
        for column in zip(*rounds, strict=True)
    ]
    ratios = [one / two for one, two in rounds]
    return {
        "case": name,
        "num_images": num_images,
        "images_per_second": dict(zip(map(str, WORKERS), rates, strict=True)),
        "ratio": {"min": min(ratios), "median": statistics.median(ratios), "max": max(ratios)},
        "n": len(rounds),
    }


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """One line a case."""
    print(f"{'case':<32} {'images':>7} {'1: /s':>8} {'2: /s':>8} {'ratio':>6}   [min, max]")
    for r in rows:
        one, two = r["images_per_second"].values()
        ratio = r["ratio"]
        print(
            f"{r['case']:<32} {r['num_images']:>7} {one:>8.0f} {two:>8.0f} {ratio['median']:>6.2f}"
            f"   [{ratio['min']:.2f}, {ratio['max']:.2f}], n = {r['n']}"
        )


def main() -> None:
    """Measures every case, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="where files are written; a temporary one")
    parser.add_argument("--small", type=int, default=20_000)
    parser.add_argument("--photographs", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    with TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        rows = [
            row(case, num, measure(work, folder, options.rounds))
            for case, num, work in cases(folder, options.small, options.photographs)
        ]
    if options.format == "json":
        from bsgrow.reporting.machine import describe_machine  # torch makes a fork take longer

        json.dump(describe_machine() | {"rows": rows}, sys.stdout, indent=2)
        print()
    else:
        print_table(rows)


if __name__ == "__main__":
    main()
