"""The optimizers that a recipe's ``[optimizer]`` table names.

Those that torch has fused are built so: one kernel for all parameters, on the CPU too, where it
gives the same bits for any number of threads and takes a third of the time of the default.
"""

from collections.abc import Collection, Iterable, Mapping
from pkgutil import resolve_name
from typing import Any, Final

from torch import nn
from torch.optim import Optimizer

from bsgrow.errors import InputError
from bsgrow.recipe import OptimizerConfig
from bsgrow.schedule import Update
from bsgrow.schedule.group_lr import group_lr
from bsgrow.schedule.optimizers import OPTIMIZERS
from bsgrow.training.moving_constants import constants_of, let_move, moves_adam, recount_steps
from bsgrow.training.together import Together

DIAGNOSTICS: Final = ("weight_norm", "adam_norm", "trust_ratio")
"""What pytorch_optimizer's Lamb leaves in its state to be looked at; no step reads it."""


def build_optimizer(
    config: OptimizerConfig,
    parameters: Iterable[nn.Parameter | dict[str, Any]],
    lr: float,
    moving: Collection[str] = (),
) -> Optimizer:
    """Return the optimizer that a recipe asks for; see ``bsgrow.schedule.optimizers``.

    Args:
        config: name and hyperparameters.
        parameters: of the model, on its device; or groups of them, as torch takes them, each with
            what is its own: ``lr_scale`` where its lr is another than the plan's, and for Muon
            ``is_hidden`` where it is of hidden matrices.
        lr: learning rate until an update gives another.
        moving: constants that go with the batch, see ``let_move``.

    Raises:
        InputError: the library that has the optimizer is not there.
    """
    groups = list(parameters)
    if config.name != "muon":
        return _built(config, config.name, groups, lr, moving)
    hidden = [_without(each) for each in groups if isinstance(each, dict) and _is_hidden(each)]
    others = [each for each in groups if not (isinstance(each, dict) and _is_hidden(each))]
    adamw = [_built(config, "adamw", others, lr, moving)] if others else []
    return Together([_built(config, "muon", hidden, lr, moving), *adamw])


def _is_hidden(group: Mapping[str, Any]) -> bool:
    return bool(group.get("is_hidden"))


def _without(group: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in group.items() if key != "is_hidden"}


def _built(
    config: OptimizerConfig, name: str, groups: list[Any], lr: float, moving: Collection[str]
) -> Optimizer:
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
    let_move(optimizer, moving)
    return optimizer


def _forget_diagnostics(optimizer: Optimizer, args: object, kwargs: object) -> None:
    for state in optimizer.state.values():
        for name in DIAGNOSTICS:
            state.pop(name, None)


def set_hyperparameters(optimizer: Optimizer, update: Update, *, is_made: bool = False) -> None:
    """Set what an update gives of lr, momentum and constants, where the optimizer has them.

    All are numbers on the host, so nothing waits for the device.

    Args:
        optimizer: one of ``OPTIMIZERS``.
        update: that is next.
        is_made: whether it is made already, and the next one is not known.
    """
    recount_steps(optimizer, update)
    for group in optimizer.param_groups:
        group.update(hyperparameters_of(group, update, is_made=is_made))


def hyperparameters_of(
    group: Mapping[str, Any], update: Update, *, is_made: bool
) -> dict[str, Any]:
    """Return what an update of the plan sets of a parameter group.

    A group of another ``lr_scale`` has that times the lr of the plan, see ``group_lr``; the
    momentum is the same for all, as they begin with the same.

    Args:
        group: of an optimizer.
        update: that is next.
        is_made: whether it is made already, of which optimizers know that count steps of a group.
    """
    values: dict[str, Any] = {
        "lr": group_lr(update.lr, group.get("lr_scale", 1.0)),
        "momentum": update.momentum,
        "step": _num_steps(group, update, is_made=is_made),
        **constants_of(group, update),
    }
    return {key: value for key, value in values.items() if key in group}


def _num_steps(group: Mapping[str, Any], update: Update, *, is_made: bool) -> float:
    """Return how many steps are made; where Adam's constants move, in updates of this size."""
    if not moves_adam(group):
        return update.index + is_made
    return (update.stop if is_made else update.start) / update.global_batch_size
