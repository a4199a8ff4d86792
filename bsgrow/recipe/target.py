"""What a recipe says of its run in another training system."""

from dataclasses import replace
from typing import Final

from bsgrow.recipe.config import Recipe
from bsgrow.recipe.identity import LATER_KEYS, flat_recipe
from bsgrow.recipe.optimizer_config import OptimizerConfig
from bsgrow.schedule.export import Optimizer, Target
from bsgrow.text.printable import shown

_UNWRITTEN: Final = (
    "model.freeze",
    "optimizer.clip_norm",
    "optimizer.decay_exempt",
    "optimizer.ema_decay",
    "optimizer.head_lr_scale",
)


def target_of(
    recipe: Recipe, micro_batch_size: int | None = None, world_size: int | None = None
) -> Target:
    """Return the run in the other system: what is given, else what the recipe says."""
    own = None if recipe.run.micro_batch_size == "auto" else recipe.run.micro_batch_size
    return Target(
        sequence_length=recipe.schedule.tokens_per_sample,
        micro_batch_size=own if micro_batch_size is None else micro_batch_size,
        world_size=world_size or recipe.run.world_size,
        optimizer=replace(_optimizer(recipe.optimizer), notes=_notes(recipe)),
    )


def _optimizer(config: OptimizerConfig) -> Optimizer:
    own = (config.name, config.nesterov, config.betas, config.eps, config.weight_decay)
    return Optimizer(*own, decays_all=not config.decay_exempt)


def _notes(recipe: Recipe) -> tuple[str, ...]:
    """Return what a recipe does with its parameters that no export writes."""
    flat = flat_recipe(recipe)
    changed = {key: flat[key] for key in _UNWRITTEN if flat[key] != LATER_KEYS[key]}
    return tuple(
        f"{key} = {shown(value)} is left to you: it is nothing of a schedule"
        for key, value in changed.items()
    )
