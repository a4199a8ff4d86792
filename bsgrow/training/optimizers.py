"""The optimizers that a recipe's ``[optimizer]`` table names.

Those that torch has fused are built so: one kernel for all parameters, on the CPU too, where it
gives the same bits for any number of threads and takes a third of the time of the default.
"""

from collections.abc import Iterable, Mapping
from pkgutil import resolve_name
from typing import Any, Final

from torch import nn
from torch.optim import Optimizer

from bsgrow.errors import InputError
from bsgrow.recipe import OptimizerConfig
from bsgrow.schedule.group_lr import group_lr
from bsgrow.schedule.optimizers import OPTIMIZERS
from bsgrow.training.together import Together

DIAGNOSTICS: Final = ("weight_norm", "adam_norm", "trust_ratio")
"""What pytorch_optimizer's Lamb leaves in its state to be looked at; no step reads it."""


def build_optimizer(
    config: OptimizerConfig, parameters: Iterable[nn.Parameter | dict[str, Any]], lr: float
) -> Optimizer:
    """Return the optimizer that a recipe asks for; see ``bsgrow.schedule.optimizers``.

    Args:
        config: name and hyperparameters.
        parameters: of the model, on its device; or groups of them, as torch takes them, each with
            what is its own: ``lr_scale`` where its lr is another than the plan's, and for Muon
            ``is_hidden`` where it is of hidden matrices.
        lr: learning rate until an update gives another.

    Raises:
        InputError: the library that has the optimizer is not there.
    """
    groups = list(parameters)
    if config.name != "muon":
        return _built(config, config.name, groups, lr)
    hidden = [_without(each) for each in groups if isinstance(each, dict) and _is_hidden(each)]
    others = [each for each in groups if not (isinstance(each, dict) and _is_hidden(each))]
    adamw = [_built(config, "adamw", others, lr)] if others else []
    return Together([_built(config, "muon", hidden, lr), *adamw])


def _is_hidden(group: Mapping[str, Any]) -> bool:
    return bool(group.get("is_hidden"))


def _without(group: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in group.items() if key != "is_hidden"}


def _built(config: OptimizerConfig, name: str, groups: list[Any], lr: float) -> Optimizer:
    kind = OPTIMIZERS[name]
    own = {"fused": True} if kind.is_fused else {}
    try:
        of_kind = resolve_name(f"{kind.module}:{kind.torch_name}")
    except ImportError as error:
        raise InputError(
            f'optimizer.name = "{name}": needs {kind.module}, which is not installed',
            hint="pip install 'bsgrow[optimizers]', or take another optimizer.name",
        ) from error
    optimizer: Optimizer = of_kind(groups, lr=lr, **own, **kind.arguments(config, config.momentum))
    if kind.module != "torch.optim":
        for group in optimizer.param_groups:
            group["step"] = 0  # where the library would begin to count
        optimizer.register_step_post_hook(_forget_diagnostics)
    return optimizer


def _forget_diagnostics(optimizer: Optimizer, args: object, kwargs: object) -> None:
    for state in optimizer.state.values():
        for name in DIAGNOSTICS:
            state.pop(name, None)


def set_hyperparameters(
    optimizer: Optimizer, *, lr: float, momentum: float, num_steps: int = 0
) -> None:
    """Set lr, momentum and number of steps where the optimizer has them, for its next step.

    All are numbers on the host, so nothing waits for the device.
    """
    for group in optimizer.param_groups:
        group.update(hyperparameters_of(group, lr=lr, momentum=momentum, num_steps=num_steps))


def hyperparameters_of(
    group: Mapping[str, Any], *, lr: float, momentum: float, num_steps: int
) -> dict[str, float]:
    """Return what an update of the plan sets of a parameter group.

    A group of another ``lr_scale`` has that times the lr of the plan, see ``group_lr``; the
    momentum is the same for all, as they begin with the same.

    Args:
        group: of an optimizer.
        lr: of the update.
        momentum: of the update.
        num_steps: that are made, for optimizers that count those of a group.
    """
    values: dict[str, float] = {
        "lr": group_lr(lr, group.get("lr_scale", 1.0)),
        "momentum": momentum,
        "step": num_steps,
    }
    return {key: value for key, value in values.items() if key in group}
