"""Whether an average of weights has left behind what the run begins with, by the time it ends."""

from bsgrow.recipe.config import Recipe
from bsgrow.schedule import Plan
from bsgrow.schedule.rescaling import rescaled_decay

_MUCH = 0.01  # of the average at the end
_SHARE = 20  # of a run, over what an average is to remember


def averaging_notes(recipe: Recipe, plan: Plan) -> list[str]:
    """Return what is wrong with ``optimizer.ema_decay``, in a sentence; empty where nothing is.

    Args:
        recipe: fitted to its data.
        plan: of the recipe.
    """
    decay = recipe.optimizer.ema_decay
    if decay is None:
        return []
    moves = "ema_decay" in recipe.growth.rescale
    of_reference = plan.num_total_samples / recipe.schedule.global_batch_size
    num_updates = of_reference if moves else plan.num_updates
    left = rescaled_decay(decay, num_updates)
    if left < _MUCH:
        return []
    forgets = float(f"{_SHARE / num_updates:.1g}")
    fits = f"; {1 - forgets:.10g} would leave none" if forgets < 0.5 else ""
    return [
        f"optimizer.ema_decay = {decay:g}: the averaged weights, which are evaluated, are still "
        f"those of the start for {left:.0%} at the end of so short a run{fits}"
    ]
