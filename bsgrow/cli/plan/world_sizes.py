"""How each batch of a plan divides over numbers of ranks, as a table."""

from collections.abc import Sequence

from bsgrow.cli.numbers import epochs
from bsgrow.cli.table import Column, FittedTable, figures
from bsgrow.recipe import Recipe
from bsgrow.reporting.world_sizes import Division, divisions
from bsgrow.schedule import Plan


def world_size_table(recipe: Recipe, plan: Plan, world_sizes: Sequence[int]) -> FittedTable:
    """Return a row for each phase: accumulation steps, and where they do not come out even."""
    ranks = (f"{size} ranks" if size > 1 else "1 rank" for size in world_sizes)
    table = FittedTable([Column("epochs"), *figures("global batch", *ranks)])
    for phase in plan.phases:
        cells = map(_cell, divisions(recipe, phase, world_sizes))
        table.add_row(epochs(plan, phase), f"{phase.global_batch_size}", *cells)
    return table


def table_key(recipe: Recipe) -> str:
    """Return what stands in the cells of the table."""
    return (
        f"gradient accumulation steps of {recipe.micro_batch_size} samples on the busiest rank; "
        f"even: the same number of whole ghost batches of {recipe.ghost_batch_size} on every rank; "
        "idle: what the ranks wait for the busiest, on average"
    )


def _cell(divided: Division) -> str:
    steps = f"{divided.gradient_accumulation_steps}"
    if divided.even:
        return f"{steps}, even"
    if divided.idle_share:
        return f"{steps}, idle {100 * divided.idle_share:.3g} %"
    return f"{steps}, a short ghost batch"
