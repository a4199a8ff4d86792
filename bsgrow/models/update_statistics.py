"""Bring running statistics up to an update."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, Protocol

import torch
from torch import Tensor

from bsgrow.models.sum_dtype import sum_dtype


class Norm(Protocol):
    """What the rule needs of a ghost batch norm; see ``GhostBatchNorm``."""

    momentum: float | None
    ghost_batch_size: int
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    group_sums: Tensor

    @property
    def awaits_step(self) -> bool:
        """Whether the update is to be taken after the next step of an optimizer."""


@torch.no_grad()
def take_each(
    norms: Iterable[Norm], num_samples: int | None, num_steps: float | None = None
) -> None:
    """Bring norms up to an update, and begin the next; waits for nothing.

    Args:
        norms: those that are alike are done together, in few kernels.
        num_samples: of the update; None for as many as the groups of each norm have.
        num_steps: steps of the momentum that the update counts for; None for one a ghost batch.
    """
    alike = defaultdict[tuple[Any, ...], list[Norm]](list)
    for norm in norms:
        mean = norm.running_mean
        alike[norm.momentum, norm.ghost_batch_size, mean.device, mean.dtype].append(norm)
    for each in alike.values():
        _take(each, num_samples, num_steps)


def _take(norms: Sequence[Norm], num_samples: int | None, num_steps: float | None) -> None:
    statistics = [each.running_mean for each in norms] + [each.running_var for each in norms]
    running = torch.cat(statistics).view(2, -1)
    sums = torch.cat([each.group_sums for each in norms], dim=1)
    has_group = sums[2] > 0
    means = (sums[:2] / sums[2]).to(running.dtype)
    kept = _kept(norms, num_samples, num_steps, sums[2], running.dtype)
    lerped = torch.lerp(means, running, kept)
    taken = torch.where(has_group, lerped, running).flatten()
    sizes = [each.numel() for each in statistics]
    for statistic, value in zip(statistics, torch.split(taken, sizes), strict=True):
        statistic.copy_(value)
    _count(norms, num_samples, sums[2], sizes)
    torch._foreach_zero_([each.group_sums for each in norms])


def _kept(
    norms: Sequence[Norm],
    num_samples: int | None,
    num_steps: float | None,
    counted: Tensor,
    dtype: torch.dtype,
) -> float | Tensor:
    """Return the share that stays of the running statistics, for all channels or for each."""
    momentum, size = norms[0].momentum, norms[0].ghost_batch_size
    if momentum is None:
        before = [each.num_batches_tracked.expand(each.running_mean.shape) for each in norms]
        tracked = torch.cat(before).to(sum_dtype(before[0].device))
        return (tracked / (tracked + _num_groups(num_samples, counted, size))).to(dtype)
    if num_steps is not None:
        return float((1 - momentum) ** num_steps)
    if num_samples is None:
        return torch.pow(1 - momentum, counted / size).to(dtype)
    return float((1 - momentum) ** (num_samples / size))


def _num_groups(num_samples: int | None, counted: Tensor, size: int) -> Tensor | int:
    return torch.ceil(counted / size) if num_samples is None else -(-num_samples // size)


def _count(
    norms: Sequence[Norm], num_samples: int | None, counted: Tensor, sizes: Sequence[int]
) -> None:
    """Add the groups of the update to those that were tracked."""
    num_groups = _num_groups(num_samples, counted, norms[0].ghost_batch_size)
    added = ((counted > 0) * num_groups).to(torch.int64)
    firsts = accumulate(sizes[: len(norms) - 1], initial=0)
    for norm, first in zip(norms, firsts, strict=True):
        norm.num_batches_tracked.add_(added[first])
