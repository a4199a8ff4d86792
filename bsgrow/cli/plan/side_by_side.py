"""Several plans side by side: their phases, their totals, and the keys they differ in."""

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType
from typing import Any

from bsgrow.cli.numbers import epochs, span
from bsgrow.cli.plan.named_plan import NamedPlan
from bsgrow.cli.table import Column, FittedTable, figures
from bsgrow.recipe import Recipe, changed_keys
from bsgrow.schedule import Phase, Plan, report
from bsgrow.text.printable import printable

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


def phases_side_by_side(entries: Sequence[NamedPlan]) -> FittedTable:
    """Return a table of the phases in order; the columns of each plan stand together."""
    gap = Column("")  # between two plans
    columns = []
    for i, entry in enumerate(entries):
        columns += [gap] if i else []
        columns.append(Column(f"{entry.name}\nepochs"))
        columns += figures("\nglobal batch", "\nlr", "\nupdates")
    table = FittedTable(columns)
    for phases in zip_longest(*(entry.plan.phases for entry in entries)):
        cells = [_cells(entry.plan, p) for entry, p in zip(entries, phases, strict=True)]
        table.add_row(*cells[0], *(cell for row in cells[1:] for cell in ("", *row)))
    return table


def totals_side_by_side(entries: Sequence[NamedPlan]) -> FittedTable:
    """Return a table of totals, each beside its ratio to the first plan, and of different keys."""
    table = FittedTable([Column("total"), *figures(*(entry.name for entry in entries))])
    for name, total in TOTALS.items():
        values = [total(entry.plan) for entry in entries]
        first, *others = values
        ratios = (f"{_number(value)} {_ratio(value, first)}" for value in others)
        table.add_row(name, _number(first), *ratios)
    for key, written in different_keys([entry.recipe for entry in entries]).items():
        table.add_row(key, *map(_value, written))
    return table


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


def _cells(plan: Plan, phase: Phase | None) -> tuple[str, str, str, str]:
    if phase is None:
        return ("", "", "", "")
    lr = span(phase.lr, plan.last_lr(phase))
    return epochs(plan, phase), f"{phase.global_batch_size}", lr, f"{phase.num_updates}"


def _number(value: float) -> str:
    return f"{value}" if isinstance(value, int) else f"{value:.4g}"


def _ratio(value: float, first: float) -> str:
    """Return how many times the first value this is."""
    if value == first:
        return "(=)"
    return f"({value / first:.3g}×)" if first else ""


def _value(written: Any) -> str:
    return "–" if written is None else printable(str(written))
