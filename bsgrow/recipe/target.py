"""What a recipe says of its run in another training system."""

from dataclasses import replace
from typing import Final

from bsgrow.recipe.config import Recipe
from bsgrow.recipe.identity import LATER_KEYS, flat_recipe
from bsgrow.recipe.moving import moving_constants
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
_WORDS: Final = {"adam": "Adam's betas and epsilon", "weight_decay": "the weight decay"}


def target_of(
    recipe: Recipe, micro_batch_size: int | None = None, world_size: int | None = None
) -> Target:
    """Return the run in the other system: what is given, else what the recipe says."""
    micro = recipe.run.micro_batch_size if micro_batch_size is None else micro_batch_size
    return Target(
        sequence_length=recipe.schedule.tokens_per_sample,
        micro_batch_size=micro if isinstance(micro, int) else None,
        world_size=world_size or recipe.run.world_size,
        optimizer=replace(_optimizer(recipe.optimizer), notes=_notes(recipe)),
    )


def _optimizer(config: OptimizerConfig) -> Optimizer:
    own = (config.name, config.nesterov, config.betas, config.eps, config.weight_decay)
    return Optimizer(*own, decays_all=not config.decay_exempt)


def _notes(recipe: Recipe) -> tuple[str, ...]:
    """Return what a recipe does with its parameters that no export writes, or no system does."""
    flat = flat_recipe(recipe)
    changed = {key: flat[key] for key in _UNWRITTEN if flat[key] != LATER_KEYS[key]}
    return (
        *(
            f"{key} = {shown(value)} is left to you: it is nothing of a schedule"
            for key, value in changed.items()
        ),
        *_stay(recipe),
    )


def _stay(recipe: Recipe) -> list[str]:
    """Return what goes with the batch in bsgrow's own training, and is written as it begins."""
    moving = [_WORDS[name] for name in moving_constants(recipe) if name in _WORDS]
    if not moving or recipe.growth.mode == "decay":
        return []
    return [
        f"{' and '.join(moving)} stay what they are at the reference's batch; `bsgrow train` and "
        "bsgrow.GrowingLR let them go with the batch (growth.rescale)"
    ]
