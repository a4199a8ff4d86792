"""Ghost batches normalised as one view, which compilers for devices fuse; for torch.func too."""

from math import prod
from typing import NamedTuple

import torch
from torch import Tensor


class Normalised(NamedTuple):
    """What comes of the groups.

    Attributes:
        output: in the shape, dtype and memory format of the input.
        statistics: [3, C]: the mean over the groups of mean, unbiased variance and one, each group
            weighted with its samples; groups without a variance count for nothing.
        num_samples: in the groups that count.
    """

    output: Tensor
    statistics: Tensor
    num_samples: int


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
    dtype: torch.dtype,
) -> Normalised:
    """Do the whole groups as one view, and a short one after it."""
    size = max(1, min(size, x.shape[0]))
    short = x.shape[0] % size
    whole = x.shape[0] - short
    parts = [_view(x[:whole] if short else x, weight, bias, size, eps, dtype)]
    if short:
        parts.append(_view(x[whole:], weight, bias, short, eps, dtype))
    counting = [each for each in parts if each.num_samples]
    y = torch.cat([each.output for each in parts]) if short else parts[0].output
    num_samples = sum(each.num_samples for each in counting)
    if not counting:
        return Normalised(y, parts[0].statistics, 0)
    shares = [each.statistics * (each.num_samples / num_samples) for each in counting]
    return Normalised(y, sum(shares[1:], start=shares[0]), num_samples)


def _view(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    size: int,
    eps: float,
    dtype: torch.dtype,
) -> Normalised:
    """Normalise groups of one size, which divides the samples."""
    groups = torch.unflatten(x, 0, (-1, size)).to(dtype)
    num_values = size * prod(x.shape[2:])
    if num_values == 1 or x.shape[0] == 0:
        y = affine(groups - groups, weight, bias, x).to(x.dtype).flatten(0, 1)
        return Normalised(y, groups.new_ones((3, x.shape[1])), 0)
    dims = (1, *range(3, groups.dim()))
    var, mean = torch.var_mean(groups, dims, correction=0, keepdim=True)
    y = affine((groups - mean) * torch.rsqrt(var + eps), weight, bias, x)
    unbiased = var * (num_values / (num_values - 1))
    own = torch.stack([mean, unbiased, torch.ones_like(mean)]).detach()
    statistics = own.mean(1).view(3, -1)
    return Normalised(y.to(x.dtype).flatten(0, 1), statistics, x.shape[0])
