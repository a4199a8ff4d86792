"""How a batch is put together, where it is below the micro-batch or no whole ghost batches."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bsgrow.cli.plan.table import plan_table
from bsgrow.recipe import as_toml, load_recipe, make_planned


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


def test_each_phase_on_the_ranks_that_it_is_planned_for(bsgrow):
    lines = bsgrow("plan", "cifar10-grow", "--set", "run.world_sizes=auto").out.splitlines()
    made_up = ["128 × 1 × 1", "256 × 2 × 2", "256 × 2 × 8", "256 × 2 × 16"]
    assert all(text in line for text, line in zip(made_up, lines[1:5], strict=True))


def test_a_share_below_the_micro_batch(bsgrow):
    settings = ["run.world_sizes=auto", "run.min_samples_per_device=8"]
    lines = bsgrow("plan", "digits", settings=settings).out.splitlines()
    made_up = ["16 × 1 × 1", "16 × 1 × 4", "16 × 1 × 8", "16 × 1 × 8"]
    assert all(text in line for text, line in zip(made_up, lines[1:5], strict=True))


def test_a_plan_without_world_sizes_beside_one_with_them(bsgrow):
    path = Path("own.toml")
    path.write_text(as_toml(load_recipe("cifar10-grow", ["run.world_sizes=[1, 2, 4, 4]"])))
    lines = bsgrow("plan", "cifar10-grow", path, "--format", "csv").out.splitlines()
    assert [line.rpartition(",")[2] for line in lines] == ["world_size", *"1111", *"1244"]
