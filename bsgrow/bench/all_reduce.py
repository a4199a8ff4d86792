"""What an all-reduce takes on the processes of a run: latency and bandwidth, from many sizes."""

import statistics
import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bsgrow.bench.measure import synchronise
from bsgrow.training.group.process_group import ProcessGroup

_SMALLEST, _LARGEST = 2**8, 2**26  # bytes
_STEP = 4
_NUM_PASSES = 5  # over all sizes in turn, so that what else the machine does falls on all alike
_BYTES_A_PASS = 2**23  # of each size, in as many sums as fit
_MOST_SUMS = 20


class Line(NamedTuple):
    """Seconds of a message: ``intercept`` + bytes × ``slope``."""

    intercept: float
    slope: float


def measure_all_reduce(
    group: ProcessGroup, device: torch.device, gradient_bytes: int
) -> dict[str, Any]:
    """Measure sums over all processes of a group, which do so at the same time.

    Args:
        group: two processes or more.
        device: where the sums are made.
        gradient_bytes: of the model; sizes go at least that far.

    Returns:
        What ``bsgrow plan --throughput`` reads under ``all_reduce``, and the medians by size under
        ``seconds_by_bytes``.

    Raises:
        LostProcessError: a process does not answer.
    """
    found: dict[int, list[float]] = {size: [] for size in _sizes(gradient_bytes)}
    tensors = {size: torch.zeros(size // 4, device=device) for size in found}
    for _ in range(_NUM_PASSES):
        for size, tensor in tensors.items():
            found[size] += _seconds(group, device, tensor)
    medians = {size: statistics.median(seconds) for size, seconds in found.items()}
    return {
        **alpha_beta(fitted(medians), group.world_size),
        "gradient_bytes": gradient_bytes,
        "world_size": group.world_size,
        "transport": "nccl" if device.type == "cuda" else "gloo",
        "seconds_by_bytes": {str(size): seconds for size, seconds in medians.items()},
    }


def fitted(seconds: Mapping[int, float]) -> Line:
    """Return the line of least squared relative error through seconds by bytes.

    Both ends of it are 0 or more; what noise leaves of a slope is.
    """
    weights = {size: taken**-2 for size, taken in seconds.items()}
    total = sum(weights.values())
    mean_size = sum(weights[size] * size for size in seconds) / total
    mean = sum(weights[size] * taken for size, taken in seconds.items()) / total
    spread = sum(weights[size] * (size - mean_size) ** 2 for size in seconds)
    together = sum(weights[s] * (s - mean_size) * (taken - mean) for s, taken in seconds.items())
    slope = max(together / spread, 0.0)
    return Line(max(mean - slope * mean_size, 0.0), slope)


def alpha_beta(line: Line, world_size: int) -> dict[str, float]:
    """Return latency and bandwidth that give the line back, where ``AllReduce`` predicts from them.

    Of small messages it takes a tree of 2 ⌈log2 W⌉ latencies, of large ones a ring that sends
    2 (W − 1)/W of the bytes; with 2 and 3 processes there are as many latencies in both.
    """
    num_steps = 2 * (world_size - 1).bit_length()
    share_sent = 2 * (world_size - 1) / world_size
    bandwidth = share_sent / max(line.slope, 1e-15)
    return {
        "latency_seconds": line.intercept / num_steps,
        "bandwidth_bytes_per_second": bandwidth,
    }


def _sizes(gradient_bytes: int) -> Iterable[int]:
    size = _SMALLEST
    while size < min(gradient_bytes, _LARGEST):
        yield size
        size *= _STEP
    yield from (size, _STEP * size)


def _seconds(group: ProcessGroup, device: torch.device, tensor: Tensor) -> list[float]:
    """Time some sums, after one to begin at the same time."""
    group.sum_(tensor)
    num_sums = min(_MOST_SUMS, max(1, _BYTES_A_PASS // tensor.nbytes))
    seconds = []
    for _ in range(num_sums):
        synchronise(device)
        start = time.perf_counter()
        group.sum_(tensor)
        synchronise(device)
        seconds.append(time.perf_counter() - start)
    return seconds
