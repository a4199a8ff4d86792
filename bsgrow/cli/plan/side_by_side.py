"""Several plans side by side, as tables: their phases, totals, and the keys they differ in."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from bsgrow.cli.numbers import epochs, span
from bsgrow.cli.table import Column, FittedTable, figures
from bsgrow.reporting.named_plan import NamedPlan
from bsgrow.reporting.plan_totals import TOTALS, different_keys
from bsgrow.schedule import Phase, Plan
from bsgrow.text.printable import printable


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
