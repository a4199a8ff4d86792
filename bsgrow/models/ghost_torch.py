"""Ghost batches normalised by a kernel of torch's for each group: devices, and other dtypes."""

from collections.abc import Iterator, Sequence
from math import prod

import torch
from torch import Tensor

from bsgrow.models.ghost_view import affine, statistics_dtype

_backward = torch.ops.aten.native_batch_norm_backward.default


def has_variance(group: Tensor) -> bool:
    """Return whether a group [n, C, …] has more than one value per channel."""
    return group.shape[0] * prod(group.shape[2:]) > 1


def normalise_one(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float, sums: Tensor | None
) -> Tensor:
    """Return the output of one group, by torch's own function; see ``normalise_groups``."""
    rows = torch.ones((3, x.shape[1]), dtype=statistics_dtype(x), device=x.device)
    enabled = torch.backends.cudnn.enabled
    y = torch.batch_norm(x, weight, bias, rows[0], rows[1], True, 1.0, eps, enabled)
    if sums is not None:
        sums.add_(rows, alpha=x.shape[0])
    return y


def new_saved(x: Tensor, size: int) -> Tensor:
    """Return rows of ones [3 + 2 G, C], for statistics, and mean and 1/std of each group."""
    shape = (3 + 2 * -(-x.shape[0] // size), x.shape[1])
    return torch.ones(shape, dtype=statistics_dtype(x), device=x.device)


def forward(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    size: int,
    eps: float,
    saved: Tensor,
    sums: Tensor | None,
) -> Tensor:
    """Return the output, fill saved and add to sums [3, C]; see ``GhostBatchNorm``."""
    mean, var, _, *own = saved.unbind()
    y = torch.empty_like(x)
    num_samples = 0
    slices = zip(torch.split(x, size), torch.split(y, size), strict=True)
    for index, (group, into) in enumerate(slices):
        if not has_variance(group):
            # One value less its own mean is 0; torch refuses, as its variance would be 0/0.
            into.copy_(affine(group - group, weight, bias, x))
            continue
        num_samples += group.shape[0]
        # With this momentum, 1 for the first, the kernel leaves the mean of the groups.
        momentum = group.shape[0] / num_samples
        out = (into, own[2 * index], own[2 * index + 1])
        torch.native_batch_norm(group, weight, bias, mean, var, True, momentum, eps, out=out)
    if num_samples and sums is not None:
        sums.add_(saved[:3], alpha=num_samples)
    return y


def backward(
    gradient: Tensor,
    x: Tensor,
    weight: Tensor | None,
    size: int,
    eps: float,
    saved: Tensor,
    mask: Sequence[bool],
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """Return the gradients of input, weight and bias that the mask asks for."""
    into = torch.empty_like(x) if mask[0] else None
    of_weight: Tensor | None = None
    of_bias: Tensor | None = None
    for part in _gradients(x, gradient, into, weight, saved, size, eps, mask):
        of_weight, of_bias = _sum(of_weight, part[0]), _sum(of_bias, part[1])
    return into, of_weight, of_bias


def _gradients(
    x: Tensor,
    gradient: Tensor,
    into: Tensor | None,
    weight: Tensor | None,
    saved: Tensor,
    size: int,
    eps: float,
    mask: Sequence[bool],
) -> Iterator[tuple[Tensor | None, Tensor | None]]:
    """Fill the gradient of the input; yield those of weight and bias, of each group.

    The last group comes first, as where each is a node of its own.
    """
    rows = saved[3:].unbind()
    groups, gradients = torch.split(x, size), torch.split(gradient, size)
    slices = [None] * len(groups) if into is None else torch.split(into, size)
    for index in reversed(range(len(groups))):
        group, above, part = groups[index], gradients[index], slices[index]
        if has_variance(group):
            own = rows[2 * index], rows[2 * index + 1]
            of_input, *others = _backward(above, group, weight, None, None, *own, True, eps, mask)
            if part is not None:
                part.copy_(of_input)
            yield others[0] if mask[1] else None, others[1] if mask[2] else None
        else:
            if part is not None:
                part.zero_()
            summed = above.to(saved.dtype).sum((0, *range(2, x.dim()))) if mask[2] else None
            yield saved.new_zeros(x.shape[1]) if mask[1] else None, summed


def _sum(so_far: Tensor | None, part: Tensor | None) -> Tensor | None:
    if so_far is None or part is None:
        return part if so_far is None else so_far
    return so_far.add_(part)
