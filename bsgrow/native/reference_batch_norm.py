"""Batch norm over groups in numpy: what ``csrc/cpu/ghost_batch_norm.cpp`` must equal, to rounding.

Ioffe and Szegedy, arXiv 1502.03167, of each group of samples by itself (Hoffer et al., arXiv
1705.08741, Algorithm 1), in double precision. Arrays are ``[num_samples, channels, values]``.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def split(x: Array, group_size: int) -> Iterator[Array]:
    """The groups, of which the last may be short."""
    for first in range(0, len(x), group_size):
        yield x[first : first + group_size]


def standardise(group: Array, eps: float) -> tuple[Array, Array]:
    """The group less its mean, over its deviation; and 1/deviation, ``[1, channels, 1]``."""
    inverse = 1 / np.sqrt(group.var((0, 2), keepdims=True) + eps)
    return (group - group.mean((0, 2), keepdims=True)) * inverse, inverse


def forward(
    x: Array, weight: Array, bias: Array, group_size: int, eps: float
) -> tuple[Array, Array]:
    """The output, and what is added to the sums ``[3, channels]``."""
    y, sums = np.empty_like(x), np.zeros((3, x.shape[1]))
    for group, into in zip(split(x, group_size), split(y, group_size), strict=True):
        into[:] = standardise(group, eps)[0] * weight[:, None] + bias[:, None]
        if group[:, 0].size > 1:
            mean, var = group.mean((0, 2)), group.var((0, 2), ddof=1)
            sums += len(group) * np.stack([mean, var, np.ones_like(mean)])
    return y, sums


def backward(
    x: Array, of_y: Array, weight: Array, group_size: int, eps: float
) -> tuple[Array, Array, Array]:
    """The gradients of input, weight and bias."""
    of_x, of_weight, of_bias = np.empty_like(x), np.zeros(x.shape[1]), np.zeros(x.shape[1])
    parts = (split(each, group_size) for each in (x, of_y, of_x))
    for group, above, into in zip(*parts, strict=True):
        z, inverse = standardise(group, eps)
        mean, along = above.mean((0, 2), keepdims=True), (above * z).mean((0, 2), keepdims=True)
        into[:] = weight[:, None] * inverse * (above - mean - z * along)
        of_weight += (above * z).sum((0, 2))
        of_bias += above.sum((0, 2))
    return of_x, of_weight, of_bias
