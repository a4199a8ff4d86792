"""What `images.decode = "scaled"` saves on photographs of some sizes, and how far it is off.

Photographs are pieces of scikit-learn's two, the large ones laid side by side: as much detail a
pixel as those have, 2.1 bits at this quality. Random resized crops to 224, and the middle of what
is resized to 256; one thread, CPU time, exact and scaled in turns.

    python benchmarks/scaled_decoding.py [--rounds 7] [--num-images 12] [--format table|json]
"""

import argparse
import io
import json
import statistics
import sys
import time
from typing import Any

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.native.decoding import decode_batch
from bsgrow.native.resized_crop import crop_windows
from bsgrow.reporting.machine import describe_machine

SIZES = ((375, 500), (1200, 1600), (3000, 4000))
CROPS = {"random crop": ResizedCrop(224), "centre crop": CentreCrop(224, 256)}
QUALITY = 88


def photograph(height: int, width: int, seed: int) -> bytes:
    """Rows and columns of pieces of the two photographs, as one JPEG."""
    random, sources = np.random.default_rng(seed), load_sample_images().images
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, 375):
        for left in range(0, width, 500):
            part = pixels[top : top + 375, left : left + 500]
            source = sources[random.integers(2)]
            rows, columns = part.shape[:2]
            y = random.integers(source.shape[0] - rows + 1)
            x = random.integers(source.shape[1] - columns + 1)
            part[:] = source[y : y + rows, x : x + columns]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


class Case:
    """Photographs of one size and windows of one kind, decoded either way into the same memory."""

    def __init__(self, size: tuple[int, int], crop: ResizedCrop | CentreCrop, count: int) -> None:
        self.encoded = [photograph(*size, seed) for seed in range(count)]
        sizes, samples = np.tile(size, (count, 1)), np.arange(count)
        self.windows = crop_windows(sizes, samples, np.zeros(count, np.int64), 0, crop, flip=True)
        self.crop = crop

    def decode(self, scaled: bool) -> np.ndarray:
        """Levels from 0 to 255, float32 [count, 3, size, size]."""
        out = np.empty((len(self.encoded), 3, self.crop.size, self.crop.size), np.float32)
        statuses = decode_batch(
            self.encoded,
            windows=self.windows,
            size=self.crop.size,
            resize=self.crop.resize,
            mean=(0.0,) * 3,
            std=(1 / 255,) * 3,
            out_images=out,
            num_threads=1,
            scaled=scaled,
        )
        assert statuses == [None] * len(out)
        return out

    def milliseconds(self, scaled: bool) -> float:
        """CPU time of this thread an image."""
        start = time.thread_time_ns()
        self.decode(scaled)
        return (time.thread_time_ns() - start) / len(self.encoded) / 1e6


def measure(size: tuple[int, int], name: str, count: int, num_rounds: int) -> dict[str, Any]:
    """One row: the median of both, of their ratio in a round, and how far pixels are apart."""
    case = Case(size, CROPS[name], count)
    rounds = [
        [case.milliseconds(scaled) for scaled in (False, True)] for _ in range(num_rounds + 1)
    ]
    exact, scaled = zip(*rounds[1:], strict=True)
    factors = [a / b for a, b in rounds[1:]]
    apart = np.abs(case.decode(scaled=True) - case.decode(scaled=False))
    return {
        "case": f"{size[1]}x{size[0]}, {name}",
        "bytes_per_image": sum(map(len, case.encoded)) // count,
        "exact_ms": statistics.median(exact),
        "scaled_ms": statistics.median(scaled),
        "factor": statistics.median(factors),
        "factor_range": [min(factors), max(factors)],
        "levels_apart": {"mean": float(apart.mean()), "max": float(apart.max())},
        "n": num_rounds,
    }


def print_row(row: dict[str, Any]) -> None:
    """A line of the table."""
    low, high = row["factor_range"]
    apart = row["levels_apart"]
    print(
        f"{row['case']:<24} {row['exact_ms']:>7.2f} ms {row['scaled_ms']:>7.2f} ms   "
        f"{row['factor']:.2f} times [{low:.2f}, {high:.2f}]   "
        f"{apart['mean']:.2f} levels apart, {apart['max']:.0f} at most   n = {row['n']}"
    )


def main() -> None:
    """Measures every size and kind of crop, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--num-images", type=int, default=12)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    rows = []
    for size in SIZES:
        for name in CROPS:
            rows.append(measure(size, name, options.num_images, options.rounds))
            if options.format == "table":
                print_row(rows[-1])
    if options.format == "json":
        json.dump(describe_machine() | {"rows": rows}, sys.stdout, indent=2)
        print()


if __name__ == "__main__":
    main()
