"""torch's optimizers as a recipe's ``[optimizer]`` table names them.

All are built fused: one kernel for all parameters, on the CPU too, where it gives the same bits
for any number of threads and takes a third of the time of the default.
"""

from collections.abc import Iterable

import torch
from torch import nn
from torch.optim import Optimizer

from bsgrow.recipe import OptimizerConfig


def build_optimizer(
    config: OptimizerConfig, parameters: Iterable[nn.Parameter], lr: float
) -> Optimizer:
    """Return the optimizer that a recipe asks for; see ``bsgrow.schedule.optimizers``.

    Args:
        config: name and hyperparameters; the weight decay is on every parameter.
        parameters: of the model, on its device.
        lr: learning rate until ``set_hyperparameters`` gives another.
    """
    arguments = config.kind.arguments(config, config.momentum)
    optimizer: Optimizer = getattr(torch.optim, config.kind.torch_name)(
        parameters, lr=lr, fused=True, **arguments
    )
    return optimizer


def set_hyperparameters(optimizer: Optimizer, *, lr: float, momentum: float) -> None:
    """Set lr, and momentum where the optimizer has one, for its next step.

    Both are numbers on the host, so nothing waits for the device.
    """
    for group in optimizer.param_groups:
        group["lr"] = lr
        if "momentum" in group:
            group["momentum"] = momentum
