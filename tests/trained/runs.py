"""Runs to take a model from: one of the format before, and small ones that tests make."""

import shutil
from pathlib import Path

from bsgrow.recipe import load_recipe
from bsgrow.training import RunDirectory, carry_out

FORMAT_1 = Path(__file__).parent / "run_of_format_1"
"""`bsgrow train digits` with convnet of width 3 and 10 hidden units, by the version before."""

NET = "model={name='convnet',width=2,hidden=4}"
MICRO = (
    *("schedule.epochs=0.1", "schedule.curve={name='MultiStepLR',milestones=[0.05]}"),
    *("growth.mode=decay", "run.device=cpu", "run.num_threads=1", "schedule.lr=0.01"),
)


def copy_of_format_1(folder):
    return Path(shutil.copytree(FORMAT_1, folder / "old"))


def trained(folder, *settings, recipe="digits", model=NET):
    """Make a run of a few updates and return its directory."""
    made = load_recipe(recipe, [*MICRO, model, *settings])
    carry_out(
        *(made, RunDirectory(folder)),
        resume=False,
        on_event=lambda event: None,
        should_stop=lambda: False,
    )
    return folder
