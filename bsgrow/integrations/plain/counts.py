"""Weights of micro-batches by what a loss counts, as tokens, where that is not samples."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray

from bsgrow.errors import InputError
from bsgrow.loading.batch_sampler import UpdateCut
from bsgrow.stream import SampleStream, Share

Weighed = Iterator[tuple[Any, UpdateCut]]


class BySampleCounts:
    """Weights by a number that is known of each sample, as its tokens: no communication.

    Args:
        counts: [N], 0 or more, of each sample of the training set.
        stream: which sample stands at which position.

    Raises:
        InputError: there are not as many as samples, or one is negative or not a number.
    """

    def __init__(self, counts: object, stream: SampleStream) -> None:
        self._counts = _checked(np.asarray(counts), stream.num_samples)
        self._stream = stream
        self._total_of = lru_cache(maxsize=1)(self._sum)

    def weighed(self, micro_batches: Iterable[tuple[Any, UpdateCut]]) -> Weighed:
        """Yield micro-batches with the weight of what they count."""
        for data, cut in micro_batches:
            total = self._total_of(cut.update.start, cut.update.stop)
            count = self._sum(cut.start, cut.stop) if cut.num_samples else 0.0
            yield data, cut._replace(weight=count / total if total else 0.0)

    def _sum(self, start: int, stop: int) -> float:
        return float(self._counts[self._stream.samples(start, stop)].sum(dtype=np.float64))


class ByCounting:
    """Weights by what a function counts in the data of a micro-batch, summed over all ranks.

    An update's micro-batches are held until the last of them is counted, so that memory on the host
    grows with the batch; and all ranks sum once an update.

    Args:
        count: what a loss over the data is the mean of, as its tokens that are not masked.
        is_alone: whether this process has all of every update.
    """

    def __init__(self, count: Callable[[Any], float], *, is_alone: bool) -> None:
        self._count, self._is_alone = count, is_alone

    def weighed(self, micro_batches: Iterable[tuple[Any, UpdateCut]]) -> Weighed:
        """Yield micro-batches with the weight of what they count."""
        held: list[tuple[Any, UpdateCut, float]] = []
        for data, cut in micro_batches:
            held.append((data, cut, self._counted(data) if cut.num_samples else 0.0))
            if cut.closes_update:
                total = self._over_ranks(sum(count for *_, count in held))
                for each, its_cut, count in held:
                    yield each, its_cut._replace(weight=count / total if total else 0.0)
                held = []

    def _counted(self, data: Any) -> float:
        count = np.asarray(self._count(data), np.float64)
        if count.ndim or not _are_counts(count):
            raise InputError(f"count: returned {count} of a micro-batch, expected 0 or more")
        return float(count)

    def _over_ranks(self, count: float) -> float:
        if self._is_alone:
            return count
        if not dist.is_initialized():
            raise InputError(
                "count: a function's counts are summed over the processes by torch.distributed, "
                "which is not initialised",
                hint="give the count of each sample as an array, or call init_process_group()",
            )
        on_cuda = dist.get_backend() == dist.Backend.NCCL
        device = torch.device("cuda", torch.cuda.current_device()) if on_cuda else "cpu"
        total = torch.tensor(count, dtype=torch.float64, device=device)
        dist.all_reduce(total)
        return float(total)


def counting(count: object, stream: SampleStream, share: Share) -> BySampleCounts | ByCounting:
    """Return what weighs by a number of each sample, or by a function of a micro-batch's data."""
    if callable(count):
        return ByCounting(count, is_alone=share.world_size == 1)
    return BySampleCounts(count, stream)


def _checked(counts: NDArray[Any], num_samples: int) -> NDArray[Any]:
    if counts.shape != (num_samples,):
        raise InputError(
            f"count: has shape {counts.shape}, expected one number of each of {num_samples}"
        )
    if not np.issubdtype(counts.dtype, np.number) or not _are_counts(counts):
        raise InputError("count: expected numbers, 0 or more")
    return counts


def _are_counts(numbers: NDArray[Any]) -> bool:
    return bool(((numbers >= 0) & np.isfinite(numbers)).all())
