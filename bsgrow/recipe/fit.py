"""A recipe made to fit the size of its data: batches that are parts of the training set."""

from collections.abc import Collection, Mapping
from itertools import chain
from typing import Any

from bsgrow.recipe.config import Recipe, ScheduleConfig, whole_ghosts
from bsgrow.recipe.optimizer_config import OptimizerConfig
from bsgrow.schedule import Plan
from bsgrow.schedule.config import part_of
from bsgrow.schedule.rescaling import (
    rescaled_betas,
    rescaled_decay,
    rescaled_eps,
    weight_decay_ratio,
)
from bsgrow.schedule.rules import RULES, Rule

_LEARNING_RATES = ("base_lr", "eta_min", "lrs", "max_lr")  # arguments of curves


def fit(recipe: Recipe, num_samples: int) -> Recipe:
    """Lower the batch of a recipe to ``schedule.batch_limit``, and what was chosen for it.

    The learning rate goes with it by the rule of the optimizer, and by that rule the constants that
    ``growth.rescale`` names, so that a sample counts for as much as in the recipe as written.

    Args:
        recipe: as written; one that was lowered already stays as it is.
        num_samples: size of the training set, N.
    """
    schedule, run = recipe.schedule, recipe.run
    if schedule.batch_limit is None:
        return recipe
    size = part_of(schedule.batch_limit, num_samples)
    if schedule.global_batch_size <= size:
        return recipe
    ratio, rule = size / schedule.global_batch_size, RULES[recipe.optimizer.kind.rule]
    lowered = _lowered(schedule, size, rule.lr_ratio(ratio))
    ghost, micro = min(recipe.ghost_batch_size, size), run.micro_batch_size
    if isinstance(micro, int):
        micro = whole_ghosts(micro, ghost)
    smaller = run.model_copy(update={"ghost_batch_size": ghost, "micro_batch_size": micro})
    optimizer = _rescaled(recipe.optimizer, recipe.growth.rescale, ratio, rule)
    tables = {"schedule": lowered, "run": smaller, "optimizer": optimizer}
    return recipe.model_copy(update=tables)


def fit_ghost_batch(recipe: Recipe, plan: Plan) -> Recipe:
    """Let a ghost batch be the whole batch, where ``run.batch_norm = "batch"`` says so."""
    if recipe.run.batch_norm == "ghost":
        return recipe
    largest = max(phase.global_batch_size for phase in plan.phases)
    run = recipe.run.model_copy(update={"ghost_batch_size": largest})
    return recipe.model_copy(update={"run": run})


def fit_micro_batch(recipe: Recipe, plan: Plan) -> Recipe:
    """Lower a micro-batch that no update fills, so that no memory is held for it."""
    micro, ghost = recipe.run.micro_batch_size, recipe.ghost_batch_size
    if not isinstance(micro, int):
        return recipe
    largest = max(phase.global_batch_size for phase in plan.phases)
    most = max(-(-largest // ghost) * ghost, recipe.default_micro_batch_size)
    run = recipe.run.model_copy(update={"micro_batch_size": min(micro, most)})
    return recipe.model_copy(update={"run": run})


def fit_notes(written: Recipe, fitted: Recipe, num_samples: int) -> list[str]:
    """Return what was lowered, in a sentence; empty where nothing was."""
    before, after = written.schedule, fitted.schedule
    if before.global_batch_size == after.global_batch_size:
        return []
    size, ghost = after.global_batch_size, fitted.ghost_batch_size
    constants = zip(written.optimizer, fitted.optimizer, strict=True)  # (key, value) of each
    moved = [f"; {key} {_rounded(new)}" for (key, old), (_, new) in constants if new != old]
    return [
        f"{num_samples} samples are few for a batch of {before.global_batch_size}: the first is "
        f"{size} by schedule.batch_limit = {before.batch_limit!r}, in ghost batches of {ghost}; "
        f"lr is {after.lr:.4g} instead of {before.lr:.4g}, for the same noise{''.join(moved)}"
    ]


def _rounded(value: float | tuple[float, ...]) -> str:
    return ", ".join(f"{each:.4g}" for each in (value if isinstance(value, tuple) else (value,)))


def _rescaled(
    optimizer: OptimizerConfig, names: Collection[str], ratio: float, rule: Rule
) -> OptimizerConfig:
    """Return an optimizer for updates of another size, whose named constants go with it."""
    kind, constants = optimizer.kind, dict[str, dict[str, Any]]()
    if optimizer.ema_decay is not None:
        constants["ema_decay"] = {"ema_decay": rescaled_decay(optimizer.ema_decay, ratio)}
    if kind.has_betas and rule.scales_adam:
        betas, eps = rescaled_betas(optimizer.betas, ratio), rescaled_eps(optimizer.eps, ratio)
        constants["adam"] = {"betas": betas, "eps": eps}
    if kind.decouples_decay and optimizer.weight_decay:
        decay = optimizer.weight_decay * weight_decay_ratio(ratio, rule.lr_ratio(ratio))
        constants["weight_decay"] = {"weight_decay": decay}
    moved = (each.items() for name, each in constants.items() if name in names)
    return optimizer.model_copy(update=dict(chain.from_iterable(moved)))


def _lowered(schedule: ScheduleConfig, size: int, ratio: float) -> ScheduleConfig:
    scaled = {"lr": schedule.lr * ratio, "curve": _scaled(schedule.curve, ratio)}
    return schedule.model_copy(update={"global_batch_size": size, **scaled})


def _scaled(value: Any, ratio: float, key: str = "") -> Any:
    """Multiply the learning rates that a curve states itself, and those of the curves in it."""
    if isinstance(value, Mapping):
        return {name: _scaled(inner, ratio, name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_scaled(inner, ratio, key) for inner in value]
    return value * ratio if key in _LEARNING_RATES else value
