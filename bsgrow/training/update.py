"""One parameter update: what the plan says, applied to the accumulated gradient."""

from torch.optim import Optimizer

from bsgrow.schedule.plan import Update
from bsgrow.training.optimizers import set_hyperparameters


def apply(optimizer: Optimizer, update: Update) -> None:
    """Step with the update's lr and momentum, and free the gradient. Waits for nothing.

    Args:
        optimizer: its parameters' ``grad`` hold the mean gradient over the update's samples.
        update: gives lr, and momentum where the optimizer has one.
    """
    set_hyperparameters(optimizer, lr=update.lr, momentum=update.momentum)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
