"""What is said of a plan beside its phases if asked: ranks, wall-clock, and what to know of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bsgrow.recipe import rule_notes, world_sizes
from bsgrow.reporting.named_plan import NamedPlan
from bsgrow.reporting.wall_clock import (
    Throughput,
    baseline_seconds,
    phase_seconds,
    remarks,
    total_seconds,
)
from bsgrow.reporting.world_sizes import idle_ranks, world_size_rows
from bsgrow.schedule import as_dict, notes, phase_rows
from bsgrow.text.printable import cut


@dataclass(frozen=True)
class Views:
    """What is shown of each plan beside its phases.

    Attributes:
        world_sizes: numbers of ranks to tabulate.
        throughput: what the wall-clock is predicted from.
        sketch: whether the batch is drawn under the table.
        planned_world_sizes: whether a phase says for how many ranks it is planned.
    """

    world_sizes: Sequence[int] = ()
    throughput: Throughput | None = None
    sketch: bool = False
    planned_world_sizes: bool = False


def plan_as_dict(entry: NamedPlan, views: Views) -> dict[str, Any]:
    """Return a plan as plain values, with what was asked for beside it."""
    value, plan = as_dict(entry.plan), entry.plan
    if views.world_sizes:
        value["world_sizes"] = list(world_size_rows(entry.recipe, plan, views.world_sizes))
    for row, size in zip(value["phases"], _planned(entry, views), strict=False):
        row["world_size"] = size
    if views.throughput is None:
        return value
    for row, phase in zip(value["phases"], plan.phases, strict=True):
        row["predicted_seconds"] = phase_seconds(phase, views.throughput)
    value["predicted_seconds"] = total_seconds(plan, views.throughput)
    value["baseline_predicted_seconds"] = baseline_seconds(plan, views.throughput)
    return value


def plan_rows(entry: NamedPlan, views: Views) -> Iterator[dict[str, Any]]:
    """Yield one flat row per phase, with the predicted wall-clock if asked for."""
    sizes = _planned(entry, views)
    for index, (row, phase) in enumerate(
        zip(phase_rows(entry.plan), entry.plan.phases, strict=True)
    ):
        if sizes:
            row["world_size"] = sizes[index]
        if views.throughput is not None:
            row["predicted_seconds"] = phase_seconds(phase, views.throughput)
        yield row


def _planned(entry: NamedPlan, views: Views) -> Sequence[int]:
    """Return for how many ranks each phase is planned, if it is shown."""
    return world_sizes(entry.plan, entry.recipe) if views.planned_world_sizes else ()


def plan_remarks(entry: NamedPlan, views: Views) -> list[str]:
    """Return what a reader should know of a plan and of its prediction."""
    recipe, plan = entry.recipe, entry.plan
    found = [*entry.notes, *notes(plan), *rule_notes(recipe, plan), *idle_ranks(recipe, plan)]
    if views.throughput is None:
        return found
    hardware = ", ".join(views.throughput.hardware.values())
    source = f"the wall-clock is from the throughput of {cut(views.throughput.case)}"
    measured = f"{source}, measured on {hardware}" if hardware else source
    return [*found, measured, *remarks(entry.plan, views.throughput)]
