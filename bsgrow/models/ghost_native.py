"""Ghost batches normalised by bsgrow's own kernel: all groups of float32 on the CPU at once."""

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor

from bsgrow.errors import BsgrowError

try:
    from bsgrow.native.extension import extension
except BsgrowError:  # pragma: no cover - needs an unbuilt tree
    extension = None  # type: ignore[assignment]  # a module, or none

_IS_BUILT = hasattr(extension, "ghost_forward")  # an older build that lies in place lacks it
_FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}


def is_for(x: Tensor) -> bool:
    """Return whether this kernel is the one for an input [N, C, …]."""
    return _IS_BUILT and x.is_cpu and x.dtype is torch.float32


def new_saved(x: Tensor, size: int) -> Tensor:
    """Return memory for mean, unbiased variance and 1/std of each group, [3, G, C]."""
    shape = (3, -(-x.shape[0] // size), x.shape[1])
    return torch.empty(shape, dtype=torch.float64, device=x.device)


def forward(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    size: int,
    eps: float,
    saved: Tensor,
    sums: Tensor | None,
) -> Tensor:
    """Return the output, fill saved and add to sums [3, C]; see ``normalise_groups``."""
    y = torch.empty_like(x)
    if not x.numel():
        return y
    last = _is_channels_last(y)
    x, into = _laid_out(x, last), _laid_out(y, last)
    own = None if sums is None else _own_sums(sums, x.shape[1])
    extension.ghost_forward(
        *_sizes(x, last, size),
        eps,
        x.data_ptr(),
        _address_of_channels(weight, x),
        _address_of_channels(bias, x),
        into.data_ptr(),
        saved.data_ptr(),
        _address(own),
    )
    if sums is not None and own is not None and own is not sums:
        sums.add_(own)
    return y if into is y else y.copy_(into)


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
    of_x = torch.empty_like(x) if mask[0] else None
    of_weight, of_bias = (x.new_zeros(x.shape[1]) if asked else None for asked in mask[1:])
    if not x.numel():
        return of_x, of_weight, of_bias
    last = _is_channels_last(x if of_x is None else of_x)
    x, gradient = _laid_out(x, last), _laid_out(gradient, last)
    into = None if of_x is None else _laid_out(of_x, last)
    extension.ghost_backward(
        *_sizes(x, last, size),
        x.data_ptr(),
        gradient.data_ptr(),
        _address_of_channels(weight, x),
        saved.data_ptr(),
        _address(into),
        _address(of_weight),
        _address(of_bias),
    )
    if of_x is not None and into is not None and into is not of_x:
        of_x.copy_(into)
    return of_x, of_weight, of_bias


def _is_channels_last(x: Tensor) -> bool:
    if x.is_contiguous():
        return False
    memory_format = _FORMATS.get(x.dim())
    return memory_format is not None and x.is_contiguous(memory_format=memory_format)


def _laid_out(x: Tensor, channels_last: bool) -> Tensor:
    """Return the tensor itself, or a copy where it is laid out in another way."""
    x = x.resolve_neg()
    return x.contiguous(memory_format=_FORMATS[x.dim()]) if channels_last else x.contiguous()


def _sizes(x: Tensor, channels_last: bool, size: int) -> tuple[int, int, int, bool, int, int]:
    num_samples, num_channels, *rest = x.shape
    size = min(size, num_samples)
    return num_samples, num_channels, prod(rest), channels_last, size, torch.get_num_threads()


def _own_sums(sums: Tensor, num_channels: int) -> Tensor:
    """Return the sums, or zeros in their place that are as the kernel needs them."""
    is_float64 = sums.dtype is torch.float64 and sums.is_cpu and sums.is_contiguous()
    if is_float64 and sums.shape == (3, num_channels):
        return sums
    return torch.zeros((3, num_channels), dtype=torch.float64)


def _address_of_channels(values: Tensor | None, x: Tensor) -> int:
    if values is None:
        return 0
    if not values.is_cpu or values.dtype is not x.dtype or values.shape != (x.shape[1],):
        raise RuntimeError(
            f"ghost batch norm of {x.shape[1]} channels on the CPU: got weight or bias of shape "
            f"{tuple(values.shape)} on {values.device}"
        )
    return values.data_ptr()


def _address(x: Tensor | None) -> int:
    return 0 if x is None else x.data_ptr()
