"""How fast a CUDA device makes batches of the sample stream, next to copying memory on it.

The work: 32x32x3 uint8 on the device, in random order -> crop (pad 4), flip, normalise, cast. The
limit: a copy from device memory to device memory, far larger than the caches. Both are measured in
turn, round by round, and compared by the bytes that they read and write: of the stream, the rows
that the crops show and all that is written. It is claimed to reach 0.80 of the copy at batches of
8 192 and 65 536; smaller ones do not fill a device. The launches of a round
are one CUDA graph whose cursor walks the stream, so that the host is not measured; outputs go to
buffers in turn, four times what the caches hold, so that they are written to memory.

    python benchmarks/device_stream.py [--rounds 20] [--format table|json]
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from bsgrow.native import Augment, cuda
from bsgrow.reporting.machine import describe_machine

NUM_SAMPLES = 200_000  # 614 MB: no cache holds them
SHAPE = (3, 32, 32)
PAD = 4
IMAGE_BYTES = 3 * 32 * 32
# A crop moved by d rows, from -PAD to PAD alike often, leaves abs(d) rows to the margin, which are
# not read: in the mean PAD * (PAD + 1) / (2 * PAD + 1) of 32. Columns of the margin are read.
BYTES_READ = 3 * 32 * (32 - PAD * (PAD + 1) / (2 * PAD + 1))
BATCH_SIZES = (128, 1024, 8192, 65_536)
CASES = [
    (torch.bfloat16, torch.channels_last),
    (torch.bfloat16, torch.contiguous_format),
    (torch.float16, torch.channels_last),
    (torch.float32, torch.channels_last),
    (torch.float32, torch.contiguous_format),
]
COPY_BYTES = 1 << 30
ROUND_SAMPLES = 1 << 19
OUTPUT_BYTES = 512 << 20

Replay = Callable[[], None]


@dataclass(frozen=True)
class Captured:
    """Launches recorded as a graph, and what made them: it holds the memory that they write."""

    graph: torch.cuda.CUDAGraph
    launch: Replay

    def __call__(self) -> None:
        """Run the launches once more."""
        self.graph.replay()


def capture(launch: Replay) -> Captured:
    """Record launches as a graph; they run once before, which loads their kernels."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        launch()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        launch()
    return Captured(graph, launch)


def make_stream(
    data: tuple[torch.Tensor, torch.Tensor],
    dtype: torch.dtype,
    memory_format: torch.memory_format,
    batch_size: int,
) -> Replay:
    """One call of it makes ROUND_SAMPLES samples, batch by batch."""
    num_outputs = max(1, OUTPUT_BYTES // (batch_size * IMAGE_BYTES * dtype.itemsize))
    num_batches = max(1, ROUND_SAMPLES // batch_size)
    outputs = [
        torch.empty((batch_size, *SHAPE), dtype=dtype, device="cuda", memory_format=memory_format)
        for _ in range(min(num_outputs, num_batches))
    ]
    labels = torch.empty(batch_size, dtype=torch.int64, device="cuda")
    cursor = torch.zeros(1, dtype=torch.int64, device="cuda")

    def launch() -> None:
        stream = torch.cuda.current_stream().cuda_stream
        for index in range(num_batches):
            cuda.load_batch(
                *data,
                seed=0,
                start=index * batch_size,
                stop=(index + 1) * batch_size,
                augment=Augment(pad=PAD, flip=True),
                mean=(0.4914, 0.4822, 0.4465),
                std=(0.2470, 0.2435, 0.2616),
                out_images=outputs[index % len(outputs)],
                out_labels=labels,
                cursor=cursor,
                cuda_stream=stream,
            )
        cuda.advance_cursor(cursor, num_batches * batch_size, cuda_stream=stream)

    return capture(launch)


def make_limit() -> Replay:
    """One call of it copies COPY_BYTES."""
    source = torch.empty(COPY_BYTES, dtype=torch.uint8, device="cuda").fill_(1)
    target = torch.empty_like(source)

    def launch() -> None:
        target.copy_(source)

    return launch


def seconds_of(replay: Replay) -> float:
    """How long the device takes for one call."""
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    replay()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) / 1e3


def measure(
    case: str, batch_size: int, stream: Replay, limit: Replay, sample_bytes: float, num_rounds: int
) -> list[dict[str, Any]]:
    """Rows for the stream and for its limit, rounds of the two in turn."""
    num_samples = max(1, ROUND_SAMPLES // batch_size) * batch_size
    streamed, copied = [], []
    for _ in range(num_rounds + 3):
        streamed.append(num_samples * sample_bytes / seconds_of(stream))
        copied.append(2 * COPY_BYTES / seconds_of(limit))
    return [
        row(case, system, batch_size, rates[3:], sample_bytes)
        for system, rates in (("bsgrow", streamed), ("limit", copied))
    ]


def row(
    case: str, system: str, batch_size: int, rates: list[float], sample_bytes: float
) -> dict[str, Any]:
    """One measurement: the median is the figure, minimum and maximum the spread."""
    return {
        "case": case,
        "system": system,
        "global_batch_size": batch_size,
        "samples_per_second": statistics.median(rates) / sample_bytes,
        "bytes_per_second": statistics.median(rates),
        "min": min(rates),
        "max": max(rates),
        "n": len(rates),
    }


def print_table(rows: list[dict[str, Any]]) -> None:
    """Stream and limit side by side, in bytes read and written a second."""
    head = f"{'case':<44} {'batch':>6} {'samples/s':>10} {'stream':>9} {'copy':>9} {'ratio':>6}"
    print(f"{head}   median [min, max]")
    for stream, limit in zip(rows[::2], rows[1::2], strict=True):
        ratio = stream["bytes_per_second"] / limit["bytes_per_second"]
        print(
            f"{stream['case']:<44} {stream['global_batch_size']:>6} "
            f"{stream['samples_per_second'] / 1e6:>9.1f}M {gigabytes(stream)} {gigabytes(limit)} "
            f"{ratio:>6.2f}   stream {spread(stream)}, copy {spread(limit)}, n = {stream['n']}"
        )


def gigabytes(row: dict[str, Any]) -> str:
    """The figure of a row."""
    return f"{row['bytes_per_second'] / 1e9:>4.0f} GB/s"


def spread(row: dict[str, Any]) -> str:
    """Its spread."""
    return f"[{row['min'] / 1e9:.0f}, {row['max'] / 1e9:.0f}]"


def main() -> None:
    """Measures every case and batch size, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    if reason := cuda.why_unavailable():
        sys.exit(f"nothing to measure here: {reason}")
    generator = torch.Generator("cuda").manual_seed(0)
    images = torch.randint(
        0, 256, (NUM_SAMPLES, *SHAPE), dtype=torch.uint8, device="cuda", generator=generator
    )
    data = images, torch.arange(NUM_SAMPLES, device="cuda")
    limit = make_limit()
    rows = []
    for dtype, memory_format in CASES:
        layout = "channels_last" if memory_format == torch.channels_last else "NCHW"
        case = f"32x32x3 uint8 -> {str(dtype)[6:]} {layout}"
        for batch_size in BATCH_SIZES:
            stream = make_stream(data, dtype, memory_format, batch_size)
            labels = 2 * 8  # in and out
            sample_bytes = BYTES_READ + IMAGE_BYTES * dtype.itemsize + labels
            rows += measure(case, batch_size, stream, limit, sample_bytes, options.rounds)
    if options.format == "json":
        json.dump(describe_machine() | {"rows": rows}, sys.stdout, indent=2)
        print()
    else:
        print_table(rows)


if __name__ == "__main__":
    main()
