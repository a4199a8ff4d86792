"""What of the optimizer goes with the batch of a plan, where it moves: columns, and whose rule."""

from collections.abc import Iterable, Iterator

from bsgrow.recipe import Recipe, moving_constants
from bsgrow.schedule import Plan, Update
from bsgrow.schedule.rescaling import rescaled_betas, rescaled_decay, rescaled_eps

Constants = dict[str, float]
"""By name: ``ema_decay``, ``beta1``, ``beta2``, ``eps``, ``weight_decay``."""

_RULES = {
    "ema_decay": "the decay of averaged weights is β^κ (Busbridge et al., arXiv 2307.13813)",
    "adam": "Adam's β₁ and β₂ are β^κ and ε is ε/√κ (Malladi et al., arXiv 2205.10287, who have "
    "1 − β ∝ κ, the same to first order)",
    "weight_decay": "the weight decay is λ κ/(lr/lr₀), so that a sample takes as much off as in "
    "the reference (ours)",
}


def constants_at(recipe: Recipe, update: Update) -> Constants:
    """Return what an update has of the constants that may move."""
    optimizer, ratio, found = recipe.optimizer, update.batch_ratio, Constants()
    moving = moving_constants(recipe)
    if "ema_decay" in moving and optimizer.ema_decay is not None:
        found["ema_decay"] = rescaled_decay(optimizer.ema_decay, ratio)
    if "adam" in moving:
        found["beta1"], found["beta2"] = rescaled_betas(optimizer.betas, ratio)
        found["eps"] = rescaled_eps(optimizer.eps, ratio)
    if "weight_decay" in moving:
        found["weight_decay"] = optimizer.weight_decay * update.weight_decay_ratio
    return found


def constants_of_phases(recipe: Recipe, plan: Plan) -> list[Constants]:
    """Return for each phase those that move in the plan, which are the same for all."""
    updates = [plan.first_update(phase) for phase in plan.phases]
    names = _moving_in(recipe, updates)
    return [_chosen(recipe, update, names) for update in updates]


def constants_of_updates(recipe: Recipe, plan: Plan) -> Iterator[Constants]:
    """Yield for each update those that move in the run, lazily; its last one may be cut."""
    updates = [plan.first_update(phase) for phase in plan.phases]
    names = _moving_in(recipe, [*updates, plan.update(plan.num_updates - 1)])
    return (_chosen(recipe, update, names) for update in plan.updates())


def _moving_in(recipe: Recipe, updates: Iterable[Update]) -> set[str]:
    """Return the names of what is another in one of these updates than in the reference's."""
    still = constants_at(recipe, Update(0, 0, 1, lr=0.0, momentum=0.0))
    at_each = [constants_at(recipe, update) for update in updates]
    return {name for name, own in still.items() if any(each[name] != own for each in at_each)}


def _chosen(recipe: Recipe, update: Update, names: set[str]) -> Constants:
    if not names:
        return {}
    return {key: value for key, value in constants_at(recipe, update).items() if key in names}


def notes_on_constants(recipe: Recipe, plan: Plan) -> list[str]:
    """Return by which rules constants move in a plan, and whose they are; none where none does."""
    if not any(constants_of_phases(recipe, plan)):
        return []
    rules = "; ".join(rule for name, rule in _RULES.items() if name in moving_constants(recipe))
    return [
        f"at κ times the reference's batch of {plan.reference.global_batch_size}, {rules}; "
        "growth.rescale says which of them move"
    ]
