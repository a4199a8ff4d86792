"""Several plans held against each other: their totals, and the keys they differ in."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from bsgrow.recipe import Recipe, changed_keys
from bsgrow.reporting.named_plan import NamedPlan
from bsgrow.schedule import Plan, report

_PLANNED = ("data.", "optimizer.", "schedule.", "growth.")  # the tables that a plan depends on

TOTALS: Mapping[str, Callable[[Plan], float]] = MappingProxyType(
    {
        "num_updates": lambda plan: plan.num_updates,
        "baseline_num_updates": lambda plan: plan.baseline_num_updates,
        "num_phases": lambda plan: len(plan.phases),
        "num_total_samples": lambda plan: plan.num_total_samples,
        "epochs": lambda plan: plan.epochs,
        "largest_global_batch_size": lambda plan: max(p.global_batch_size for p in plan.phases),
        "largest_lr": lambda plan: report(plan).largest_lr,
        "first_sgd_noise_scale": lambda plan: plan.sgd_noise_scale(plan.phases[0]),
        "last_sgd_noise_scale": lambda plan: plan.sgd_noise_scales(plan.phases[-1])[1],
    }
)
"""What is compared of whole runs."""


def comparison_as_dict(entries: Sequence[NamedPlan]) -> dict[str, Any]:
    """Return totals and different keys as plain values, in the order of the plans."""
    return {
        "totals": {name: [t(entry.plan) for entry in entries] for name, t in TOTALS.items()},
        "differences": different_keys([entry.recipe for entry in entries]),
    }


def different_keys(recipes: Sequence[Recipe]) -> dict[str, list[Any]]:
    """Return the keys of plans that differ, with the value of each recipe; None is unset."""
    first = recipes[0]
    changes = [changed_keys(first, recipe) for recipe in recipes]
    own = {key: pair[0] for change in changes for key, pair in change.items()}
    return {
        key: [change.get(key, (None, own[key]))[1] for change in changes]
        for key in sorted(own)
        if key.startswith(_PLANNED)
    }
