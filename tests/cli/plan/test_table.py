"""How a batch is put together, where it is below the micro-batch or no whole ghost batches."""

from io import StringIO

import pytest
from rich.console import Console

from bsgrow.cli.plan.table import plan_table
from bsgrow.recipe import load_recipe, make_planned


@pytest.mark.parametrize(
    ("largest", "ghost", "micro", "made_up"),
    [
        (100, 16, 256, "100 × 1 × 1"),
        (100, 16, 64, "64 × 2 × 1"),
        (256, 16, 256, "256 × 1 × 1"),
        (100, 16, 96, "96 × 2 × 1"),
    ],
)
def test_the_last_batch_is_made_up_of_micro_batches(largest, ghost, micro, made_up):
    overrides = [
        f"growth.max_batch_size={largest}",
        f"run.ghost_batch_size={ghost}",
        f"run.micro_batch_size={micro}",
    ]
    planned = make_planned(load_recipe("digits", overrides))
    console = Console(width=200, file=StringIO())
    console.print(plan_table(planned.recipe, planned.plan))
    assert made_up in console.file.getvalue().splitlines()[-1]
