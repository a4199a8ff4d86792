"""How fast the sample stream is, next to merely filling the buffers that it writes.

The work: uint8 images in memory, in random order -> crop, flip, normalise. The limit: the same
threads set the same output buffers to one value, cut into the same chunks. Both are measured in
turn, round by round, so that what else the machine does falls on both. With one thread, its own
time counts, so that what else runs falls on neither. Every other batch, number of channels, layout,
padding and size is measured beside 32x32x3 in float32 NCHW.

    python benchmarks/stream_throughput.py [--num-threads 2] [--rounds 11] [--format table|json]
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from bsgrow import _native
from bsgrow.native import Augment, load_batch
from bsgrow.reporting.machine import describe_machine
from bsgrow.stream import SampleStream

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
CROP = Augment(pad=4, flip=True)
DATA_BYTES = 50_000 * 3 * 32 * 32  # of every data set: as many as CIFAR-10 has
OUT_BYTES = 8192 * 3 * 32 * 32 * 4  # of a batch where no other is given
ROUND_BYTES = 32_768 * 3 * 32 * 32 * 4  # written in a round, at least
CHUNK_SAMPLES = 32  # what a thread of load_batch takes at a time

Run = Callable[[int], None]


@dataclass(frozen=True)
class Case:
    """One kind of work."""

    shape: tuple[int, int, int] = (3, 32, 32)
    dtype: str = "float32"
    augment: Augment = CROP
    channels_last: bool = False
    batch_size: int = 0  # 0: OUT_BYTES

    @property
    def sample_bytes(self) -> int:
        """Bytes written for a sample."""
        return int(np.prod(self.shape)) * DTYPES[self.dtype].itemsize

    @property
    def num_samples(self) -> int:
        """Samples of a batch."""
        return self.batch_size or OUT_BYTES // self.sample_bytes

    @property
    def name(self) -> str:
        """What a reader is told."""
        channels, height, width = self.shape
        layout = "channels_last" if self.channels_last else "NCHW"
        cutout = f", cutout {self.augment.cutout}" if self.augment.cutout else ""
        crop = f"{self.augment.padding} pad {self.augment.pad}, flip{cutout}"
        return f"{height}x{width}x{channels} uint8, {crop} -> {self.dtype} {layout}"


def cases() -> Iterator[Case]:
    """Yield every batch and dtype at 32x32x3, then what differs otherwise in one thing."""
    for dtype in DTYPES:
        for batch_size in (128, 1024, 8192, 65_536):
            yield Case(dtype=dtype, batch_size=batch_size)
    yield Case(augment=replace(CROP, padding="reflect"))
    yield Case(augment=replace(CROP, cutout=16))
    yield Case(channels_last=True)
    yield Case(channels_last=True, dtype="bfloat16")
    yield Case(shape=(1, 32, 32))
    yield Case(shape=(1, 28, 28))
    yield Case(shape=(3, 64, 64))
    yield Case(shape=(3, 224, 224), augment=Augment(pad=28, flip=True))
    yield Case(shape=(3, 224, 224), augment=Augment(pad=28, flip=True), channels_last=True)


def make_out(case: Case) -> torch.Tensor:
    """Return a batch of the case's dtype and layout."""
    layout = torch.channels_last if case.channels_last else torch.contiguous_format
    out = torch.empty((case.num_samples, *case.shape), dtype=DTYPES[case.dtype])
    return out.to(memory_format=layout).zero_()


def make_stream(case: Case, images: np.ndarray, out: torch.Tensor, num_threads: int) -> Run:
    """One call of it writes one batch of the stream into out."""
    labels, channels = np.arange(len(images)), case.shape[0]
    items = out.numpy() if out.dtype != torch.bfloat16 else out.view(torch.uint16).numpy()
    out_labels = np.empty(len(out), np.int64)

    def run(index: int) -> None:
        load_batch(
            images,
            labels,
            seed=0,
            start=index * len(out),
            stop=(index + 1) * len(out),
            augment=case.augment,
            mean=(0.4914, 0.4822, 0.4465)[:channels],
            std=(0.2470, 0.2435, 0.2616)[:channels],
            out_images=items,
            out_labels=out_labels,
            num_threads=num_threads,
        )

    return run


def make_limit(case: Case, out: torch.Tensor, num_threads: int) -> Run:
    """One call of it fills the same buffer."""
    items = out.untyped_storage()
    buffer = torch.empty(0, dtype=torch.uint8).set_(items).numpy()  # whatever the layout
    chunk_bytes = CHUNK_SAMPLES * case.sample_bytes

    def run(index: int) -> None:
        _native.fill(out=buffer, chunk_bytes=chunk_bytes, num_threads=num_threads)

    return run


def samples_per_second(run: Run, case: Case, num_threads: int, round_index: int) -> float:
    """Rate over one round of whole batches; one thread's own time counts where there is one."""
    clock = time.thread_time if num_threads == 1 else time.perf_counter
    num_batches = max(1, ROUND_BYTES // (case.num_samples * case.sample_bytes))
    first = round_index * num_batches
    start = clock()
    for index in range(first, first + num_batches):
        run(index)
    return num_batches * case.num_samples / (clock() - start)


def measure(case: Case, num_threads: int, num_rounds: int) -> list[dict[str, Any]]:
    """Rows for the stream and for its limit, rounds of the two in turn."""
    num_samples = DATA_BYTES // int(np.prod(case.shape))
    data = np.random.default_rng(0).bytes(num_samples * int(np.prod(case.shape)))
    images = np.frombuffer(data, np.uint8).reshape(num_samples, *case.shape).copy()
    out = make_out(case)
    runs = {
        "bsgrow": make_stream(case, images, out, num_threads),
        "limit": make_limit(case, out, num_threads),
    }
    rates: dict[str, list[float]] = {system: [] for system in runs}
    for round_index in range(num_rounds + 1):
        for system, run in runs.items():
            rates[system].append(samples_per_second(run, case, num_threads, round_index))
    return [row(case, system, num_threads, rate[1:]) for system, rate in rates.items()]


def row(case: Case, system: str, num_threads: int, rates: list[float]) -> dict[str, Any]:
    """One measurement: the median is the figure, minimum and maximum the spread."""
    return {
        "case": f"{case.name}, {num_threads} threads",
        "system": system,
        "global_batch_size": case.num_samples,
        "samples_per_second": statistics.median(rates),
        "bytes_per_second": statistics.median(rates) * case.sample_bytes,
        "min": min(rates),
        "median": statistics.median(rates),
        "max": max(rates),
        "n": len(rates),
    }


def seconds_per_sample(run: Callable[[], object], num_samples: int, num_rounds: int) -> float:
    """Time of this thread alone, the median of the rounds."""
    times = []
    for _ in range(num_rounds):
        start = time.thread_time()
        run()
        times.append((time.thread_time() - start) / num_samples)
    return statistics.median(times)


def draws_share(num_rounds: int) -> dict[str, Any]:
    """What one thread needs for the permutation and for crop and flip, and for all of the work.

    The draws are what crop and flip add to images of 2x2 pixels, which are next to no other work.
    """
    num_samples = 32_768
    tiny, whole = Case((3, 2, 2), batch_size=num_samples), Case(batch_size=num_samples)

    def one_thread(case: Case, augment: Augment) -> float:
        images = np.zeros((50_000, *case.shape), np.uint8)
        run = make_stream(replace(case, augment=augment), images, make_out(case), 1)
        return seconds_per_sample(lambda: run(0), num_samples, num_rounds)

    permutation = seconds_per_sample(
        lambda: SampleStream(50_000, 0)[:num_samples], num_samples, num_rounds
    )
    draws = one_thread(tiny, Augment(pad=1, flip=True)) - one_thread(tiny, Augment())
    work = one_thread(whole, CROP)
    return {
        "permutation_seconds": permutation,
        "draws_seconds": draws,
        "work_seconds": work,
        "share": (permutation + draws) / work,
    }


def print_table(rows: list[dict[str, Any]], share: dict[str, Any]) -> None:
    """Stream and limit side by side, in millions of samples and gigabytes a second."""
    print(f"{'case':<86} {'batch':>6} {'stream':>8} {'limit':>8} {'GB/s':>6} {'ratio':>6}   spread")
    for stream, limit in zip(rows[::2], rows[1::2], strict=True):
        rate, bound = stream["median"] / 1e6, limit["median"] / 1e6
        spread = f"[{stream['min'] / 1e6:.3f}, {stream['max'] / 1e6:.3f}]"
        print(
            f"{stream['case']:<86} {stream['global_batch_size']:>6} {rate:>7.3f}M {bound:>7.3f}M "
            f"{stream['bytes_per_second'] / 1e9:>6.1f} {rate / bound:>6.2f}   {spread}, "
            f"n = {stream['n']}"
        )
    print(
        f"permutation {share['permutation_seconds'] * 1e9:.1f} ns and draws "
        f"{share['draws_seconds'] * 1e9:.1f} ns of {share['work_seconds'] * 1e9:.0f} ns a sample "
        f"and thread: {share['share']:.1%}"
    )


def main() -> None:
    """Measures every case, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    rows = [
        measured
        for case in cases()
        for measured in measure(case, options.num_threads, options.rounds)
    ]
    share = draws_share(options.rounds)
    if options.format == "json":
        json.dump(describe_machine() | {"rows": rows, "draws": share}, sys.stdout, indent=2)
        print()
    else:
        print_table(rows, share)


if __name__ == "__main__":
    main()
