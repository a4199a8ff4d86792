"""Ghost batches as a function of autograd, and as a node of a graph, by one of two kernels."""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from bsgrow.models import ghost_native, ghost_torch
from bsgrow.models.ghost_view import in_one_view, statistics_dtype
from bsgrow.models.sum_dtype import sum_dtype

Gradients = tuple[Tensor | None, Tensor | None, Tensor | None]


class Kernels(Protocol):
    """What ``ghost_native`` and ``ghost_torch`` have in common."""

    def new_saved(self, x: Tensor, size: int) -> Tensor:
        """Return memory for what the backward pass needs of the forward pass."""

    def forward(
        self,
        x: Tensor,
        weight: Tensor | None,
        bias: Tensor | None,
        size: int,
        eps: float,
        saved: Tensor,
        sums: Tensor | None,
    ) -> Tensor:
        """Return the output, fill saved and add to sums."""

    def backward(
        self,
        gradient: Tensor,
        x: Tensor,
        weight: Tensor | None,
        size: int,
        eps: float,
        saved: Tensor,
        mask: Sequence[bool],
    ) -> Gradients:
        """Return the gradients of input, weight and bias that the mask asks for."""


def kernels_for(x: Tensor) -> Kernels:
    """Return the kernels for an input."""
    return ghost_native if ghost_native.is_for(x) else ghost_torch


def kernels_at_hand(x: Tensor) -> Kernels:
    """Return the kernels for an input: torch's where its operations are what is watched."""
    watched = torch._C._len_torch_dispatch_stack() or torch._C._get_tracing_state()
    return ghost_torch if watched or type(x) is not Tensor else kernels_for(x)


class Groups(torch.autograd.Function):
    """All groups, forward and backward; twice differentiable."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor | None,
        bias: Tensor | None,
        size: int,
        eps: float,
        sums: Tensor | None,
        kernels: Kernels,
    ) -> Tensor:
        """Return the output, and add to sums; see ``normalise_groups``."""
        saved = kernels.new_saved(x, size)
        ctx.kernels, ctx.size, ctx.eps = kernels, size, eps
        ctx.save_for_backward(x, weight, bias, saved)
        return kernels.forward(x, weight, bias, size, eps, saved, sums)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of input, weight and bias."""
        mask = ctx.needs_input_grad[:3]
        x, weight, bias, saved = ctx.saved_tensors
        if torch.is_grad_enabled():
            found = _differentiable(gradient, x, weight, bias, ctx.size, ctx.eps, mask)
        else:
            found = ctx.kernels.backward(gradient, x, weight, ctx.size, ctx.eps, saved, mask)
        return *found, None, None, None, None


def _differentiable(
    gradient: Tensor,
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    size: int,
    eps: float,
    mask: Sequence[bool],
) -> Gradients:
    """Return the gradients as functions of what they depend on."""
    of = zip((x, weight, bias), mask, strict=True)
    inputs = [each for each, asked in of if asked and each is not None]
    y = in_one_view(x, weight, bias, size, eps, None)
    found = iter(torch.autograd.grad(y, inputs, gradient, create_graph=True))
    of_x, of_weight, of_bias = (next(found) if asked else None for asked in mask)
    return of_x, of_weight, of_bias


@torch.library.custom_op("bsgrow::ghost_batch_norm", mutates_args=())
def normalise_as_node(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, size: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the output, what is to be added to sums, and what is saved, by one node of a graph."""
    kernels, sums = kernels_for(x), _new_sums(x)
    saved = kernels.new_saved(x, size)
    return kernels.forward(x, weight, bias, size, eps, saved, sums), sums, saved


@normalise_as_node.register_fake
def _(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, size: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(x), _new_sums(x), kernels_for(x).new_saved(x, size)


def _new_sums(x: Tensor) -> Tensor:
    return torch.zeros((3, x.shape[1]), dtype=sum_dtype(x.device), device=x.device)


@torch.library.custom_op("bsgrow::ghost_batch_norm_backward", mutates_args=())
def _differentiate(
    gradient: Tensor,
    x: Tensor,
    weight: Tensor | None,
    size: int,
    eps: float,
    saved: Tensor,
    mask: list[bool],
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of input, weight and bias; nothing in place of one not asked for."""
    found = kernels_for(x).backward(gradient, x, weight, size, eps, saved, mask)
    dtypes = (x.dtype, statistics_dtype(x), statistics_dtype(x))
    of_x, of_weight, of_bias = (
        x.new_empty(0, dtype=dtype) if each is None else each
        for each, dtype in zip(found, dtypes, strict=True)
    )
    return of_x, of_weight, of_bias


@_differentiate.register_fake
def _(
    gradient: Tensor,
    x: Tensor,
    weight: Tensor | None,
    size: int,
    eps: float,
    saved: Tensor,
    mask: list[bool],
) -> tuple[Tensor, Tensor, Tensor]:
    dtype = statistics_dtype(x)
    of_weight, of_bias = (
        x.new_empty(x.shape[1] if asked else 0, dtype=dtype) for asked in mask[1:]
    )
    return torch.empty_like(x) if mask[0] else x.new_empty(0), of_weight, of_bias


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    x, weight, _, ctx.size, ctx.eps = inputs
    ctx.mark_non_differentiable(*output[1:])
    ctx.save_for_backward(x, weight, output[2])


def _backward_of_node(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
    mask = list(ctx.needs_input_grad[:3])
    x, weight, saved = ctx.saved_tensors
    found = _differentiate(gradient, x, weight, ctx.size, ctx.eps, saved, mask)
    return *(each if asked else None for each, asked in zip(found, mask, strict=True)), None, None


normalise_as_node.register_autograd(_backward_of_node, setup_context=_keep)
