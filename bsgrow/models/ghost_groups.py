"""Normalise consecutive groups of samples, all of them in one operation."""

import torch
from torch import Tensor

from bsgrow.models import ghost_torch
from bsgrow.models.ghost_function import Groups, kernels_at_hand, normalise_as_node
from bsgrow.models.ghost_view import in_one_view, statistics_dtype

_KERNELS = ("cpu", "cuda")  # devices that have kernels of batch normalisation


def normalise_groups(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    size: int,
    eps: float,
    sums: Tensor | None,
) -> Tensor:
    """Normalise each group of samples by its own mean and variance.

    Eagerly a kernel does it, of bsgrow's or of torch's. A graph that is compiled or exported has as
    many nodes for any number of groups: on the CPU one for all of them, to the same bits; elsewhere
    those of a view, which compilers fuse.

    Args:
        x: [N, C, …], any floating dtype and memory format.
        weight: [C], or None for ones.
        bias: [C], or None for zeros.
        size: samples of a group, at least 1; the last group may be short. One with a single value
            per channel has no variance and comes out as the bias.
        eps: added to the variance.
        sums: float64 [3, C], or None; mean, unbiased variance and one of each group that has a
            variance are added, times its number of samples.

    Returns:
        In the shape, dtype and memory format of the input.
    """
    dtype = statistics_dtype(x)
    if weight is not None and weight.dtype is not dtype:
        weight = weight.to(dtype)
    if bias is not None and bias.dtype is not dtype:
        bias = bias.to(dtype)
    if not _has_kernels(x):
        return in_one_view(x, weight, bias, size, eps, sums)
    if torch.compiler.is_compiling():
        return _as_node(x, weight, bias, size, eps, sums)
    kernels = kernels_at_hand(x)
    if kernels is ghost_torch and x.shape[0] <= size and ghost_torch.has_variance(x):
        return ghost_torch.normalise_one(x, weight, bias, eps, sums)
    y: Tensor = Groups.apply(  # type: ignore[no-untyped-call]  # torch leaves it untyped
        x, weight, bias, size, eps, sums, kernels
    )
    return y


def _as_node(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    size: int,
    eps: float,
    sums: Tensor | None,
) -> Tensor:
    y: Tensor
    y, added, _ = normalise_as_node(x, weight, bias, size, eps)
    if sums is not None:
        sums.add_(added)
    return y


def _has_kernels(x: Tensor) -> bool:
    """Return whether kernels are called: not by torch.func, and compiled on the CPU alone.

    There they keep a compiled training close to an eager one; elsewhere compilers fuse the view.
    """
    if torch._C._are_functorch_transforms_active():
        return False
    return x.device.type == "cpu" if torch.compiler.is_compiling() else x.device.type in _KERNELS
