"""torch's optimizers as a recipe's ``[optimizer]`` table names them.

All are built fused: one kernel for all parameters, on the CPU too, where it gives the same bits
for any number of threads and takes a third of the time of the default.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from bsgrow.recipe import OptimizerConfig
from bsgrow.schedule.group_lr import group_lr


def build_optimizer(
    config: OptimizerConfig, parameters: Iterable[nn.Parameter | dict[str, Any]], lr: float
) -> Optimizer:
    """Return the optimizer that a recipe asks for; see ``bsgrow.schedule.optimizers``.

    Args:
        config: name and hyperparameters.
        parameters: of the model, on its device; or groups of them, as torch takes them, each with
            what is its own, and with ``lr_scale`` where its lr is another than the plan's.
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
        group.update(hyperparameters_of(group, lr=lr, momentum=momentum))


def hyperparameters_of(group: Mapping[str, Any], *, lr: float, momentum: float) -> dict[str, float]:
    """Return what an update of the plan sets of a parameter group.

    A group of another ``lr_scale`` has that times the lr of the plan, see ``group_lr``; the
    momentum is the same for all, as they begin with the same.
    """
    values = {"lr": group_lr(lr, group.get("lr_scale", 1.0))}
    return values | {"momentum": momentum} if "momentum" in group else values
