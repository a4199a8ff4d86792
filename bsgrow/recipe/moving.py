"""Which constants of a recipe go with the batch."""

from bsgrow.recipe.config import Recipe
from bsgrow.schedule.rescaling import moving_in


def moving_constants(recipe: Recipe) -> tuple[str, ...]:
    """Return those of ``growth.rescale`` that the recipe has, and its rule moves.

    A batch norm may be in any model.
    """
    optimizer = recipe.optimizer
    has = {
        "ema_decay": optimizer.ema_decay is not None,
        "adam": optimizer.kind.has_betas,
        "weight_decay": optimizer.kind.decouples_decay and optimizer.weight_decay > 0,
        "batch_norm": True,
    }
    return tuple(name for name in moving_in(recipe.growth) if has[name])
