"""Constants of an optimizer that go with the batch: what its groups began with, and what is next.

What a group began with stands in the group itself, beside what an update sets, and so in the state
of the optimizer: nothing is multiplied twice, and a state of a run that moved none moves none.
"""

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch.optim import Muon, Optimizer

from bsgrow.schedule import Update
from bsgrow.schedule.rescaling import rescaled_betas, rescaled_eps

_OF_ADAM = ("betas", "eps", "momentum_decay")  # the last is NAdam's


def let_move(optimizer: Optimizer, constants: Collection[str]) -> None:
    """Note in each group what it begins with of the constants that updates are to move.

    Args:
        optimizer: whose groups have what is meant for updates of the reference.
        constants: of ``growth.rescale``: ``adam`` and ``weight_decay``; others are no optimizer's.
    """
    for group in optimizer.param_groups:
        if "adam" in constants and "betas" in group:
            _note(group, *(key for key in _OF_ADAM if key in group))
            group.setdefault("batch_ratio", 1.0)
        if "weight_decay" in constants and _decouples(optimizer, group) and group["weight_decay"]:
            _note(group, "weight_decay")


def _note(group: dict[str, Any], *keys: str) -> None:
    for key in keys:
        group.setdefault(f"initial_{key}", group[key])


def _decouples(optimizer: Optimizer, group: Mapping[str, Any]) -> bool:
    return isinstance(optimizer, Muon) or bool(group.get("decoupled_weight_decay"))


def moves_adam(group: Mapping[str, Any]) -> bool:
    """Whether Adam's constants of a group go with the batch."""
    return "initial_betas" in group


def constants_of(group: Mapping[str, Any], update: Update) -> dict[str, Any]:
    """Return what an update sets of the constants that move in a group; nothing where none does."""
    values: dict[str, Any] = {}
    if moves_adam(group):
        ratio = update.batch_ratio
        values |= {
            "betas": rescaled_betas(group["initial_betas"], ratio),
            "eps": rescaled_eps(group["initial_eps"], ratio),
            "batch_ratio": ratio,
        }
        if "initial_momentum_decay" in group:  # what it is a power of counts steps
            values["momentum_decay"] = group["initial_momentum_decay"] * ratio
    if "initial_weight_decay" in group:
        values["weight_decay"] = group["initial_weight_decay"] * update.weight_decay_ratio
    return values


def set_constants(optimizer: Optimizer, update: Update) -> None:
    """Set the constants that move for an update that is next; its groups say which do."""
    recount_steps(optimizer, update)
    for group in optimizer.param_groups:
        group.update(constants_of(group, update))


def recount_steps(optimizer: Optimizer, update: Update) -> None:
    """Count the steps that were made in updates of another size as steps of the one that is next.

    Adam corrects the bias of its averages by 1 − β^t. After t updates of κ it is 1 − (β^κ)^t, and
    so where κ changes, t has to: of the samples that were consumed, it is then 1 − β^(samples/B₀),
    as in the reference. Else a larger batch would take averages that have just begun for old ones,
    and the steps would be too long. Waits for no device.
    """
    for group in optimizer.param_groups:
        if not moves_adam(group) or group["batch_ratio"] == update.batch_ratio:
            continue
        states = (optimizer.state.get(each, {}) for each in group["params"])
        steps = [state["step"] for state in states if "step" in state]
        if steps:
            torch._foreach_mul_(steps, group["batch_ratio"] / update.batch_ratio)
