"""Blocks that the backward pass computes again, in place of keeping all that they made."""

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class Block(nn.Module):
    """A part of a model of which its input alone may be kept until the backward pass.

    What it makes on the way is then computed again when its gradient is due (Chen et al. 2016,
    arXiv 1604.06174, section 3), to the same bits. It draws no random numbers.

    Attributes:
        is_recomputed: whether it is so.
    """

    is_recomputed: bool = False

    def forward(self, x: Tensor) -> Tensor:
        """Map [N, …] as ``compute`` does."""
        if not self.is_recomputed:
            return self.compute(x)
        y: Tensor = checkpoint(self.compute, x, use_reentrant=False, preserve_rng_state=False)
        return y

    def compute(self, x: Tensor) -> Tensor:
        """Map [N, …] to what the block makes of it."""
        raise NotImplementedError


def recompute_blocks(model: nn.Module) -> int:
    """Let the outermost blocks of a model be computed again; return how many they are."""
    if isinstance(model, Block):
        model.is_recomputed = True
        return 1
    return sum(recompute_blocks(child) for child in model.children())


def is_recomputing() -> bool:
    """Whether a forward pass is one that a backward pass makes again, as checkpoints of torch do.

    What it counts was counted in the first one. In a graph that is compiled, compilers see to it.
    """
    return not torch.compiler.is_compiling() and torch._C._current_graph_task_id() != -1
