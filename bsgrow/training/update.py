"""One parameter update: what the plan says, applied to the accumulated gradient."""

from collections.abc import Iterator

from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from bsgrow.schedule.plan import Update
from bsgrow.training.optimizers import set_hyperparameters


def parameters_of(optimizer: Optimizer) -> list[Tensor]:
    """Return all parameters that an optimizer moves."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def gradients_of(optimizer: Optimizer) -> Iterator[Tensor]:
    """Yield the gradients that the next step of an optimizer takes."""
    for parameter in parameters_of(optimizer):
        if parameter.grad is not None:
            yield parameter.grad


def apply(optimizer: Optimizer, update: Update, clip_norm: float | None = None) -> None:
    """Step with what the update sets of the optimizer, and free the gradient. Waits for nothing.

    Args:
        optimizer: its parameters' ``grad`` hold the mean gradient over the update's samples.
        update: gives lr, momentum where the optimizer has one, and constants that move.
        clip_norm: length that the gradient of all parameters is shortened to (Pascanu et al. 2013,
            arXiv 1211.5063, algorithm 1); None leaves it as it is.
    """
    if clip_norm is not None:
        clip_grad_norm_(parameters_of(optimizer), clip_norm)
    set_hyperparameters(optimizer, update)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
