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
    return x.new_empty(shape, dtype=torch.float64)


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
    y = into = torch.empty_like(x)
    channels_last = _channels_last(x)
    if channels_last is None:
        x = _contiguous(x)
        into = torch.empty_like(x)
    own = sums if sums is None or _is_for_sums(sums, x) else _new_sums(x)
    if not x.numel():
        return y
    extension.ghost_forward(
        *_sizes(x, bool(channels_last), size),
        eps,
        x.data_ptr(),
        _address_of_channels(weight, x),
        _address_of_channels(bias, x),
        into.data_ptr(),
        saved.data_ptr(),
        0 if own is None else own.data_ptr(),
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
    of_x = into = torch.empty_like(x) if mask[0] else None
    channels_last = _channels_last(x)
    if channels_last is None:
        x = _contiguous(x)
        into = None if of_x is None else torch.empty_like(x)
    if gradient.stride() != x.stride() or gradient.is_neg():
        gradient = _contiguous(gradient, _FORMATS[x.dim()] if channels_last else None)
    of_weight = x.new_empty(x.shape[1]) if mask[1] else None
    of_bias = x.new_empty(x.shape[1]) if mask[2] else None
    if not x.numel():
        for each in (of_weight, of_bias):
            if each is not None:
                each.zero_()
        return of_x, of_weight, of_bias
    extension.ghost_backward(
        *_sizes(x, bool(channels_last), size),
        x.data_ptr(),
        gradient.data_ptr(),
        0 if weight is None else weight.data_ptr(),
        saved.data_ptr(),
        0 if into is None else into.data_ptr(),
        0 if of_weight is None else of_weight.data_ptr(),
        0 if of_bias is None else of_bias.data_ptr(),
    )
    if of_x is not None and into is not None and into is not of_x:
        of_x.copy_(into)
    return of_x, of_weight, of_bias


def _channels_last(x: Tensor) -> bool | None:
    """Return whether channels are last in memory; None where the kernel cannot read it."""
    if x.is_neg():
        return None
    if x.is_contiguous():
        return False
    memory_format = _FORMATS.get(x.dim())
    is_last = memory_format is not None and x.is_contiguous(memory_format=memory_format)
    return True if is_last else None


def _contiguous(x: Tensor, memory_format: torch.memory_format | None = None) -> Tensor:
    return x.resolve_neg().contiguous(memory_format=memory_format or torch.contiguous_format)


def _sizes(x: Tensor, channels_last: bool, size: int) -> tuple[int, int, int, bool, int, int]:
    shape = x.shape
    num_values = prod(shape[2:])
    size = min(size, shape[0])
    return shape[0], shape[1], num_values, channels_last, size, torch.get_num_threads()


def _new_sums(x: Tensor) -> Tensor:
    return torch.zeros((3, x.shape[1]), dtype=torch.float64)


def _is_for_sums(sums: Tensor, x: Tensor) -> bool:
    """Return whether the kernel can add to it."""
    is_float64 = sums.dtype is torch.float64 and sums.is_cpu and sums.is_contiguous()
    return is_float64 and sums.shape == (3, x.shape[1])


def _address_of_channels(values: Tensor | None, x: Tensor) -> int:
    if values is None:
        return 0
    if values.is_cpu and values.shape == x.shape[1:2] and values.is_contiguous():
        return values.data_ptr()
    raise RuntimeError(
        f"ghost batch norm of {x.shape[1]} channels on the CPU: got weight or bias of shape "
        f"{tuple(values.shape)} on {values.device}"
    )
