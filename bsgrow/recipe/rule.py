"""Whether the scaling rule of a plan is the one that is known to hold for its optimizer."""

from bsgrow.recipe.config import Recipe
from bsgrow.schedule import Plan

_ADAM_BY_LINEAR = (
    'optimizer.name = "{name}" by growth.rule = "linear", B ∝ lr, as arXiv 1711.00489 used it; '
    'arXiv 2205.10287 and 2510.14717 have B ∝ lr² for Adam: growth.rule = "sqrt", and in the '
    "latter growth.batch_exponent = 1"
)
_SGD_BY_SQRT = (
    'optimizer.name = "{name}" by growth.rule = "sqrt": the noise of SGD is kept by B ∝ lr, '
    'growth.rule = "linear" (arXiv 1711.00489); B ∝ lr² is for Adam (arXiv 2205.10287)'
)
_OTHERS = (
    'optimizer.name = "{name}" by growth.rule = "linear", B ∝ lr; for it growth.rule = "sqrt", '
    "B ∝ lr², is taken here: {why}"
)


def rule_notes(recipe: Recipe, plan: Plan) -> list[str]:
    """Return what the literature does for the optimizer, where a plan does otherwise.

    A plan whose batch is the reference's throughout follows no rule.
    """
    own = recipe.schedule.global_batch_size
    if all(phase.global_batch_size == own for phase in plan.phases):
        return []
    known, name = recipe.optimizer.kind.rule, recipe.optimizer.name
    unusual = {("sqrt", "linear"): _ADAM_BY_LINEAR, ("linear", "sqrt"): _SGD_BY_SQRT}
    note = unusual.get((known, recipe.growth.rule))
    if note and recipe.optimizer.kind.rule_note:
        note = _OTHERS.replace("{why}", recipe.optimizer.kind.rule_note)
    return [note.format(name=name)] if note else []
