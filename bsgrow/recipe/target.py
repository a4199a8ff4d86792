"""What a recipe says of its run in another training system."""

from bsgrow.recipe.config import Recipe
from bsgrow.recipe.optimizer_config import OptimizerConfig
from bsgrow.schedule.export import Optimizer, Target


def target_of(
    recipe: Recipe, micro_batch_size: int | None = None, world_size: int | None = None
) -> Target:
    """Return the run in the other system: what is given, else what the recipe says."""
    own = None if recipe.run.micro_batch_size == "auto" else recipe.run.micro_batch_size
    return Target(
        sequence_length=recipe.schedule.tokens_per_sample,
        micro_batch_size=own if micro_batch_size is None else micro_batch_size,
        world_size=world_size or recipe.run.world_size,
        optimizer=_optimizer(recipe.optimizer),
    )


def _optimizer(config: OptimizerConfig) -> Optimizer:
    return Optimizer(config.name, config.nesterov, config.betas, config.eps, config.weight_decay)
