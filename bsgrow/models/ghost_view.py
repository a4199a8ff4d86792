"""Ghost batches normalised as one view, which compilers for devices fuse; for torch.func too."""

from math import prod

import torch
from torch import Tensor


def statistics_dtype(x: Tensor) -> torch.dtype:
    """Return the dtype of mean and variance; weight and bias are cast to it."""
    return torch.float32 if x.dtype in (torch.bfloat16, torch.float16) else x.dtype


def _of_channels(values: Tensor, x: Tensor) -> Tensor:
    """Return values [C] in a shape that broadcasts over [N, C, …]."""
    return values.view(-1, *[1] * (x.dim() - 2))


def affine(centred: Tensor, weight: Tensor | None, bias: Tensor | None, x: Tensor) -> Tensor:
    """Return values times weight plus bias, where there are these, by the channels of x."""
    if weight is not None:
        centred = centred * _of_channels(weight, x)
    return centred if bias is None else centred + _of_channels(bias, x)


def in_one_view(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    size: int,
    eps: float,
    sums: Tensor | None,
) -> Tensor:
    """Do the whole groups as one view, and a short one after it; see ``normalise_groups``."""
    size = max(1, min(size, x.shape[0]))
    short = x.shape[0] % size
    if not short:
        return _view(x, weight, bias, size, eps, sums)
    whole = x.shape[0] - short
    y = _view(x[:whole], weight, bias, size, eps, sums)
    return torch.cat([y, _view(x[whole:], weight, bias, short, eps, sums)])


def _view(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    size: int,
    eps: float,
    sums: Tensor | None,
) -> Tensor:
    """Normalise groups of one size, which divides the samples."""
    groups = torch.unflatten(x, 0, (-1, size)).to(statistics_dtype(x))
    num_values = size * prod(x.shape[2:])
    if num_values == 1 or x.shape[0] == 0:
        return affine(groups - groups, weight, bias, x).to(x.dtype).flatten(0, 1)
    dims = (1, *range(3, groups.dim()))
    var, mean = torch.var_mean(groups, dims, correction=0, keepdim=True)
    y = affine((groups - mean) * torch.rsqrt(var + eps), weight, bias, x)
    if sums is not None:
        unbiased = var * (num_values / (num_values - 1))
        own = torch.stack([mean, unbiased, torch.ones_like(mean)]).detach()
        sums.add_(own.mean(1).view(3, -1), alpha=x.shape[0])
    return y.to(x.dtype).flatten(0, 1)
