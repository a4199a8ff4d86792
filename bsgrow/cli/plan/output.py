"""Plans on stdout, as tables, JSON or CSV; remarks on stderr."""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from bsgrow.cli.console import note, print_json, print_words
from bsgrow.cli.plan.allowed import allowed
from bsgrow.cli.plan.inherited import inherited_lines
from bsgrow.cli.plan.options import Every, PlanFormat
from bsgrow.cli.plan.table import plan_table, savings
from bsgrow.cli.terminal import out
from bsgrow.reporting.named_plan import NamedPlan
from bsgrow.reporting.plan_views import (
    Views,
    clock_of,
    origins_as_dict,
    plan_as_dict,
    plan_remarks,
    plan_rows,
    update_rows_of,
)
from bsgrow.reporting.wall_clock import WallClock
from bsgrow.schedule import allowance


def shows_sketch() -> bool:
    """Return whether stdout is a terminal that can show blocks."""
    return out.is_terminal and out.encoding.startswith("utf")


def print_plans(
    entries: Sequence[NamedPlan], views: Views, output: PlanFormat, every: Every
) -> None:
    """Write plans to stdout, several of them side by side, and remarks on them to stderr."""
    if any(entry.recipe.run.world_sizes is not None for entry in entries):
        views = replace(views, planned_world_sizes=True)
    for entry in entries:
        clock_of(entry, views)  # what it cannot be made of is said before anything is printed
    if output is PlanFormat.JSON:
        print_json(_as_dict(entries, views))
    elif output is PlanFormat.CSV:
        print_csv(*(_rows(entry, entries, views, every) for entry in entries))
    else:
        _print_tables(entries, views)
    for entry in entries:
        name = f"{entry.name}: " if len(entries) > 1 else ""
        for remark in plan_remarks(entry, views):
            note(name + remark)


def _print_tables(entries: Sequence[NamedPlan], views: Views) -> None:
    if len(entries) > 1:
        _print_side_by_side(entries)
    else:
        entry = entries[0]
        out.print(plan_table(entry.recipe, entry.plan, clock_of(entry, views)))
        print_words(savings(entry.plan))
    for entry in entries:
        _print_views(entry, views, heading=entry.name if len(entries) > 1 else "")
    for entry in entries:
        _print_origins(entry, f"{entry.name}: " if len(entries) > 1 else "")
    if views.sketch:
        _print_sketches(entries)


def _print_origins(entry: NamedPlan, name: str) -> None:
    """Write what the curve of a plan allows, and what its recipe takes from others."""
    if (found := allowance(entry.plan)) is not None:
        print_words(name + allowed(entry.plan, found))
    for line in inherited_lines(entry.recipe):
        print_words(name + line)


def _print_side_by_side(entries: Sequence[NamedPlan]) -> None:
    """Write the phases, one plan under the other where the terminal is too narrow, and totals."""
    from bsgrow.cli.plan.side_by_side import phases_side_by_side, totals_side_by_side

    table = phases_side_by_side(entries)
    fits = table.width() <= out.width or not out.is_terminal
    for part in [table] if fits else [phases_side_by_side([entry]) for entry in entries]:
        out.print(part)
        out.print()
    out.print(totals_side_by_side(entries))


def _print_views(entry: NamedPlan, views: Views, heading: str) -> None:
    """Write what was asked for beside the phases of a plan."""
    asked = views.throughput is not None or views.world_sizes
    if asked and heading:
        out.print("\n" + heading, style="bold")
    clock = clock_of(entry, views)
    if clock is not None:
        from bsgrow.cli.plan.views import prediction

        print_words(prediction(entry, clock))
    if views.world_sizes:
        _print_world_sizes(entry, views, clock)


def _print_world_sizes(entry: NamedPlan, views: Views, clock: WallClock | None) -> None:
    """Write what each number of ranks makes of the phases, and how long that takes if known."""
    from bsgrow.cli.plan.world_sizes import table_key, world_size_table

    out.print()
    out.print(world_size_table(entry.recipe, entry.plan, views.world_sizes))
    print_words(table_key(entry.recipe))
    if clock is not None:
        from bsgrow.cli.plan.world_times import explanation, world_time_table

        out.print()
        out.print(world_time_table(entry, clock, views))
        for line in explanation(entry, clock, views):
            print_words(line)


def _print_sketches(entries: Sequence[NamedPlan]) -> None:
    """Draw the batch of each plan."""
    from bsgrow.reporting.plan_sketch import sketch

    for entry in entries:
        if len(entries) > 1:
            out.print("\n" + entry.name, style="bold")
        out.print("\n" + sketch(entry.plan, out.width))


def _as_dict(entries: Sequence[NamedPlan], views: Views) -> dict[str, Any]:
    if len(entries) == 1:
        return {**plan_as_dict(entries[0], views), **origins_as_dict(entries[0])}
    from bsgrow.reporting.plan_totals import comparison_as_dict

    plans = [
        {"name": entry.name, **plan_as_dict(entry, views), **origins_as_dict(entry)}
        for entry in entries
    ]
    return {"plans": plans, **comparison_as_dict(entries)}


def _rows(
    entry: NamedPlan, entries: Sequence[NamedPlan], views: Views, every: Every
) -> Iterable[Mapping[str, Any]]:
    """Return the rows of a plan; where there are several, its name stands first."""
    rows = update_rows_of(entry) if every is Every.UPDATE else plan_rows(entry, views)
    return ({"recipe": entry.name, **row} for row in rows) if len(entries) > 1 else rows


def print_csv(*tables: Iterable[Mapping[str, Any]]) -> None:
    """Write tables of a row or more to stdout, under one line with the names of their values.

    What one has and another has not is empty there.
    """
    begun = [iter(rows) for rows in tables]
    firsts = [next(rows) for rows in begun]
    names = dict.fromkeys(chain.from_iterable(firsts))
    writer = csv.DictWriter(sys.stdout, names, restval="", lineterminator="\n")
    writer.writeheader()
    for first, rows in zip(firsts, begun, strict=True):
        writer.writerow(first)
        writer.writerows(rows)
