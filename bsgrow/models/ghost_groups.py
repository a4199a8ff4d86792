"""Normalise consecutive groups of samples, all of them in one operation."""

from math import prod

import torch
from torch import Tensor

from bsgrow.models.ghost_kernels import Groups, has_variance, normalise_as_node
from bsgrow.models.ghost_view import Normalised, in_one_view

_KERNELS = ("cpu", "cuda")  # devices that have torch's own kernels of batch normalisation


def normalise_groups(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, size: int, eps: float
) -> Normalised:
    """Normalise each group of samples by its own mean and variance.

    Eagerly a kernel of torch's for each group writes into its part of the output; many groups can
    be differentiated once. A graph that is compiled or exported has as many nodes for any number of
    groups: one for all on the CPU, to the same bits; elsewhere a view, which compilers fuse.

    Args:
        x: [N, C, …], any floating dtype and memory format.
        weight: [C], or None for ones.
        bias: [C], or None for zeros.
        size: samples of a group, at least 1; the last group may be short. One with a single value
            per channel has no variance and comes out as the bias.
        eps: added to the variance.
    """
    dtype = torch.float32 if x.dtype in (torch.bfloat16, torch.float16) else x.dtype
    weight = None if weight is None else weight.to(dtype)
    bias = None if bias is None else bias.to(dtype)
    if not _has_kernels(x):
        return in_one_view(x, weight, bias, size, eps, dtype)
    if torch.compiler.is_compiling():
        y, rows = normalise_as_node(x, weight, bias, size, eps)
        return Normalised(y, rows[:3], _num_that_count(x, size))
    single = x.shape[0] <= size and has_variance(x)
    num_rows = 3 if single else 3 + 2 * -(-x.shape[0] // size)
    rows = torch.ones((num_rows, x.shape[1]), dtype=dtype, device=x.device)
    if single:
        enabled = torch.backends.cudnn.enabled
        y = torch.batch_norm(x, weight, bias, rows[0], rows[1], True, 1.0, eps, enabled)
        return Normalised(y, rows, x.shape[0])
    y = Groups.apply(x, weight, bias, rows, size, eps)  # type: ignore[no-untyped-call]
    return Normalised(y, rows[:3], _num_that_count(x, size))


def _has_kernels(x: Tensor) -> bool:
    """Return whether torch's kernels are called: not by torch.func, and compiled on the CPU alone.

    There they keep a compiled training close to an eager one; elsewhere compilers fuse the view.
    """
    if torch._C._are_functorch_transforms_active():
        return False
    return x.device.type == "cpu" if torch.compiler.is_compiling() else x.device.type in _KERNELS


def _num_that_count(x: Tensor, size: int) -> int:
    """Return the samples in groups that have a variance."""
    num_values = prod(x.shape[2:])
    short = x.shape[0] % size
    whole = x.shape[0] - short if size * num_values > 1 else 0
    return whole + (short if short * num_values > 1 else 0)
