"""Where the CPU path spends its time on a JPEG, and whether its memory grows.

The work: photographs of 500 x 375 pixels and about 49 KB -> random resized crop to 224, flip,
normalise -> float32 NCHW, one thread. Each part is timed alone, in CPU time of the thread, all in
turn, round by round, so that what else the machine does falls on each; the minimum is the figure.

    python benchmarks/jpeg_profile.py [--rounds 15] [--num-images 128] [--format table|json]
"""

import argparse
import io
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from bsgrow import _native, _native_jpeg
from bsgrow.images.crops import ResizedCrop
from bsgrow.images.encoded import MAX_PIXELS
from bsgrow.images.jpeg.baseline import with_restarts
from bsgrow.images.reading import shown_size
from bsgrow.native.batches import load_batch
from bsgrow.native.decoding import decode_batch
from bsgrow.native.normalisation import scale_and_bias
from bsgrow.native.resized_crop import crop_windows
from bsgrow.reporting.machine import describe_machine

HEIGHT, WIDTH, SIZE = 375, 500, 224
QUALITY = 88  # 49 KB an image
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Run = Callable[[], object]


def photographs(num_images: int) -> list[bytes]:
    """Pieces of scikit-learn's two photographs, as JPEGs."""
    sources = load_sample_images().images
    random = np.random.default_rng(0)
    encoded = []
    for i in range(num_images):
        source = sources[i % 2]
        top = random.integers(source.shape[0] - HEIGHT + 1)
        left = random.integers(source.shape[1] - WIDTH + 1)
        file = io.BytesIO()
        piece = Image.fromarray(source[top : top + HEIGHT, left : left + WIDTH])
        piece.save(file, "JPEG", quality=QUALITY)
        encoded.append(file.getvalue())
    return encoded


def draw_windows(num_images: int) -> np.ndarray:
    """A random window for each image."""
    sizes = np.tile((HEIGHT, WIDTH), (num_images, 1))
    samples, epochs = np.arange(num_images), np.zeros(num_images, np.int64)
    return crop_windows(sizes, samples, epochs, 0, ResizedCrop(SIZE), flip=True)


def decode_only(encoded: list[bytes], windows: np.ndarray, *, by_libjpeg: bool = False) -> Run:
    """Decodes windows and drops them."""
    return lambda: _native_jpeg.decode_only(
        encoded=encoded,
        windows=windows,
        max_pixels=MAX_PIXELS,
        by_libjpeg=by_libjpeg,
        num_threads=1,
    )


def bottom_rows(windows: np.ndarray) -> np.ndarray:
    """The last row of each window: what lies above is entropy decoding alone, nearly."""
    rows = windows.copy()
    rows[:, 0] += rows[:, 2] - 1
    rows[:, 2] = 1
    return rows


def resize_only(pixels: list[np.ndarray], windows: np.ndarray) -> Run:
    """Resizes and normalises windows of decoded images into one output that stays in cache."""
    scale, bias = scale_and_bias(MEAN, STD)
    out = np.empty((3, SIZE, SIZE), np.float32)

    def run() -> None:
        for image, window in zip(pixels, windows, strict=True):
            _native.resize_pixels(
                pixels=image, window=window, resize=0, scale=scale, bias=bias, out_image=out
            )

    return run


def normalise_only(num_images: int) -> Run:
    """Normalises as many images of the output's size."""
    images = np.zeros((num_images, 3, SIZE, SIZE), np.uint8)
    out = np.empty(images.shape, np.float32)
    labels = np.zeros(num_images, np.int64)
    return lambda: load_batch(
        images,
        labels,
        seed=0,
        start=0,
        stop=num_images,
        augment=None,
        mean=MEAN,
        std=STD,
        out_images=out,
        out_labels=labels.copy(),
        num_threads=1,
    )


def everything(encoded: list[bytes], windows: np.ndarray, *, by_libjpeg: bool = False) -> Run:
    """The whole path."""
    out = np.empty((len(encoded), 3, SIZE, SIZE), np.float32)
    return lambda: decode_batch(
        encoded,
        windows=windows,
        size=SIZE,
        mean=MEAN,
        std=STD,
        out_images=out,
        num_threads=1,
        by_libjpeg=by_libjpeg,
    )


def make_runs(num_images: int) -> dict[str, Run]:
    """Name of each variant -> what one round of it does."""
    encoded, windows = photographs(num_images), draw_windows(num_images)
    whole = np.tile(np.array([0, 0, HEIGHT, WIDTH, 0], np.int32), (num_images, 1))
    pixels = [np.asarray(Image.open(io.BytesIO(image)).convert("RGB")) for image in encoded]
    return {
        "read the header": lambda: [shown_size(image) for image in encoded],
        "draw the windows": lambda: draw_windows(num_images),
        "the window's last row": decode_only(encoded, bottom_rows(windows)),
        "the window's last row, by libjpeg-turbo": decode_only(
            encoded, bottom_rows(windows), by_libjpeg=True
        ),
        "the window": decode_only(encoded, windows),
        "the window, by libjpeg-turbo": decode_only(encoded, windows, by_libjpeg=True),
        "the whole": decode_only(encoded, whole),
        "the whole, by libjpeg-turbo": decode_only(encoded, whole, by_libjpeg=True),
        "resize and normalise": resize_only(pixels, windows),
        "normalise, into memory": normalise_only(num_images),
        "all: decode_batch": everything(encoded, windows),
        "all, by libjpeg-turbo": everything(encoded, windows, by_libjpeg=True),
        "all, in restart intervals": everything([*map(with_restarts, encoded)], windows),
    }


def cpu_microseconds(run: Run, num_images: int) -> float:
    """CPU time of this thread an image."""
    start = time.thread_time_ns()
    run()
    return (time.thread_time_ns() - start) / num_images / 1000


def measure(num_images: int, num_rounds: int) -> list[dict[str, Any]]:
    """One row a variant, rounds of all in turn."""
    runs = make_runs(num_images)
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(num_rounds + 1):
        for name, run in runs.items():
            times[name].append(cpu_microseconds(run, num_images))
    return [row(name, spent[1:]) for name, spent in times.items()]


def row(name: str, spent: list[float]) -> dict[str, Any]:
    """One measurement: the minimum is the figure, median and maximum the spread."""
    return {
        "case": name,
        "system": "bsgrow",
        "cpu_us_per_image": min(spent),
        "median": statistics.median(spent),
        "max": max(spent),
        "n": len(spent),
    }


def resident_growth_mb(num_images: int) -> list[dict[str, Any]]:
    """Peak memory after more and more batches: it must not grow."""
    run = everything(photographs(num_images), draw_windows(num_images))
    rows = []
    for num_batches in (1, 10, 40):
        for _ in range(num_batches):
            run()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append({"case": f"{num_batches} batches more", "system": "bsgrow", "peak_mb": peak})
    return rows


def print_table(times: list[dict[str, Any]], memory: list[dict[str, Any]]) -> None:
    """Microseconds an image, and the peak of memory."""
    for measured in times:
        spread = (
            f"[{measured['median']:.1f} median, {measured['max']:.1f} max, n = {measured['n']}]"
        )
        print(f"{measured['case']:<44} {measured['cpu_us_per_image']:>8.1f} us   {spread}")
    for measured in memory:
        print(f"{measured['case']:<44} {measured['peak_mb']:>8.1f} MB")


def main() -> None:
    """Measures every part, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--num-images", type=int, default=128)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    memory = resident_growth_mb(options.num_images)
    times = measure(options.num_images, options.rounds)
    if options.format == "json":
        json.dump(describe_machine() | {"rows": times + memory}, sys.stdout, indent=2)
        print()
    else:
        print_table(times, memory)


if __name__ == "__main__":
    main()
