"""Ghost batches normalised by a kernel of torch's for each group, called by one operation."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bsgrow.models.ghost_view import affine

_backward = torch.ops.aten.native_batch_norm_backward.default


def has_variance(group: Tensor) -> bool:
    """Return whether a group [n, C, …] has more than one value per channel."""
    return group.shape[0] * prod(group.shape[2:]) > 1


class Groups(torch.autograd.Function):
    """A kernel for each group, forward and backward, into slices of one tensor."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor | None,
        bias: Tensor | None,
        rows: Tensor,
        size: int,
        eps: float,
    ) -> Tensor:
        """Return the output, and fill rows; see ``_fill``."""
        ctx.size, ctx.eps = size, eps
        ctx.save_for_backward(x, weight, rows)
        return _fill(rows, x, weight, bias, size, eps)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of input, weight and bias."""
        mask = ctx.needs_input_grad[:3]
        x, weight, rows = ctx.saved_tensors
        found = _all_gradients(gradient, x, weight, rows, ctx.size, ctx.eps, mask)
        return *found, None, None, None


def _fill(
    rows: Tensor, x: Tensor, weight: Tensor | None, bias: Tensor | None, size: int, eps: float
) -> Tensor:
    """Return the output; fill rows [3 + 2 G, C], ones, with statistics, mean and 1/std of each."""
    mean, var, _, *saved = rows.unbind()
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
        out = (into, saved[2 * index], saved[2 * index + 1])
        torch.native_batch_norm(group, weight, bias, mean, var, True, momentum, eps, out=out)
    return y


def _all_gradients(
    gradient: Tensor,
    x: Tensor,
    weight: Tensor | None,
    rows: Tensor,
    size: int,
    eps: float,
    mask: Sequence[bool],
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """Return the gradients of input, weight and bias that the mask asks for."""
    into = torch.empty_like(x) if mask[0] else None
    of_weight: Tensor | None = None
    of_bias: Tensor | None = None
    for part in _gradients(x, gradient, into, weight, rows, size, eps, mask):
        of_weight, of_bias = _sum(of_weight, part[0]), _sum(of_bias, part[1])
    return into, of_weight, of_bias


def _gradients(
    x: Tensor,
    gradient: Tensor,
    into: Tensor | None,
    weight: Tensor | None,
    rows: Tensor,
    size: int,
    eps: float,
    mask: Sequence[bool],
) -> Iterator[tuple[Tensor | None, Tensor | None]]:
    """Fill the gradient of the input; yield those of weight and bias, of each group.

    The last group comes first, as where each is a node of its own.
    """
    saved = rows[3:].unbind()
    groups, gradients = torch.split(x, size), torch.split(gradient, size)
    slices = [None] * len(groups) if into is None else torch.split(into, size)
    for index in reversed(range(len(groups))):
        group, above, part = groups[index], gradients[index], slices[index]
        if has_variance(group):
            own = saved[2 * index], saved[2 * index + 1]
            of_input, *others = _backward(above, group, weight, None, None, *own, True, eps, mask)
            if part is not None:
                part.copy_(of_input)
            yield others[0] if mask[1] else None, others[1] if mask[2] else None
        else:
            if part is not None:
                part.zero_()
            summed = above.to(rows.dtype).sum((0, *range(2, x.dim()))) if mask[2] else None
            yield rows.new_zeros(x.shape[1]) if mask[1] else None, summed


def _sum(so_far: Tensor | None, part: Tensor | None) -> Tensor | None:
    if so_far is None or part is None:
        return part if so_far is None else so_far
    return so_far.add_(part)


def _new_rows(x: Tensor, num_groups: int) -> Tensor:
    dtype = torch.float32 if x.dtype in (torch.bfloat16, torch.float16) else x.dtype
    return torch.ones((3 + 2 * num_groups, x.shape[1]), dtype=dtype, device=x.device)


@torch.library.custom_op("bsgrow::ghost_batch_norm", mutates_args=())
def normalise_as_node(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, size: int, eps: float
) -> tuple[Tensor, Tensor]:
    """Return output and rows, by one node of a graph."""
    rows = _new_rows(x, -(-x.shape[0] // size))
    return _fill(rows, x, weight, bias, size, eps), rows


@normalise_as_node.register_fake
def _(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, size: int, eps: float
) -> tuple[Tensor, Tensor]:
    return torch.empty_like(x), _new_rows(x, -(-x.shape[0] // size))


@torch.library.custom_op("bsgrow::ghost_batch_norm_backward", mutates_args=())
def _differentiate(
    gradient: Tensor,
    x: Tensor,
    weight: Tensor | None,
    rows: Tensor,
    size: int,
    eps: float,
    mask: list[bool],
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of input, weight and bias; nothing in place of one not asked for."""
    nothing = [x.new_empty(0), rows.new_empty(0), rows.new_empty(0)]
    found = _all_gradients(gradient, x, weight, rows, size, eps, mask)
    of_x, of_weight, of_bias = (b if a is None else a for a, b in zip(found, nothing, strict=True))
    return of_x, of_weight, of_bias


@_differentiate.register_fake
def _(
    gradient: Tensor,
    x: Tensor,
    weight: Tensor | None,
    rows: Tensor,
    size: int,
    eps: float,
    mask: list[bool],
) -> tuple[Tensor, Tensor, Tensor]:
    channels = [rows.new_empty(x.shape[1] if asked else 0) for asked in mask[1:]]
    return torch.empty_like(x) if mask[0] else x.new_empty(0), channels[0], channels[1]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    x, weight, _, ctx.size, ctx.eps = inputs
    ctx.mark_non_differentiable(output[1])
    ctx.save_for_backward(x, weight, output[1])


def _backward_of_node(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    mask = list(ctx.needs_input_grad[:3])
    found = _differentiate(gradient, *ctx.saved_tensors, ctx.size, ctx.eps, mask)
    return *(each if asked else None for each, asked in zip(found, mask, strict=True)), None, None


normalise_as_node.register_autograd(_backward_of_node, setup_context=_keep)
