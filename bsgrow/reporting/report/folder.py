"""Which experiment a folder holds; also one that a version before experiments has left there."""

import os
import re
from pathlib import Path

from bsgrow.errors import BsgrowError
from bsgrow.experiments import (
    ArmConfig,
    Experiment,
    ExperimentRecord,
    RunKey,
    RunRecord,
    RunState,
    read_experiment,
)
from bsgrow.experiments.records import EXPERIMENT_FILE, read_run
from bsgrow.files.atomic import naming
from bsgrow.files.text import read_text
from bsgrow.recipe import ARMS, Recipe
from bsgrow.recipe.toml_text import LARGEST
from bsgrow.reporting.report.reading import results_of
from bsgrow.reporting.report.results import Results
from bsgrow.training import RunDirectory

_EARLIER = re.compile(rf"({'|'.join(ARMS)})-seed([0-9]{{1,20}})")


def read_results(folder: Path) -> Results:
    """Return what the experiment in a folder has come to.

    Raises:
        InputError: it holds none, or what it holds cannot be read.
        BsgrowError: a file cannot be read.
    """
    path = folder / EXPERIMENT_FILE
    if not os.path.lexists(path) and (earlier := _earlier(folder)) is not None:
        return results_of(earlier)
    record = read_experiment(folder)
    with naming(path, "read"):
        return results_of(record, read_text(path, LARGEST))


def _earlier(folder: Path) -> ExperimentRecord | None:
    """Return the comparison of a version that kept each run in ``ARM-seedN``; None without one."""
    found = [_EARLIER.fullmatch(path.name) for path in sorted(folder.glob("*-seed*"))]
    keys = [RunKey(each[1], "", int(each[2])) for each in found if each is not None]
    runs = [read_run(key, RunDirectory(folder / f"{key.arm}-seed{key.seed}")) for key in keys]
    begun = [run for run in runs if run.state is not RunState.MISSING]
    recipe = next((recipe for run in begun if (recipe := _recipe_of(run))), None)
    if recipe is None:
        return None
    arms = {
        arm: ArmConfig(seeds=tuple(sorted(run.key.seed for run in begun if run.key.arm == arm)))
        for arm in ARMS
        if any(run.key.arm == arm for run in begun)
    }
    name = folder.absolute().name.removeprefix("compare-")
    return ExperimentRecord(Experiment(name, recipe, arms, (0,)), folder, tuple(begun))


def _recipe_of(run: RunRecord) -> Recipe | None:
    try:
        return run.recipe
    except BsgrowError:
        return None
