"""The runs of an experiment that are left, and how one is made."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bsgrow.errors import BsgrowError, InputError
from bsgrow.experiments.config import Experiment
from bsgrow.experiments.mixing import Pair
from bsgrow.experiments.records import DIVERGED_FILE, RunRecord, RunState, read_run
from bsgrow.experiments.runs import RunKey, recipe_of
from bsgrow.recipe import Recipe
from bsgrow.recipe.planning import Planned
from bsgrow.training import (
    DivergedRunError,
    InterruptedRunError,
    RunDirectory,
    RunFinished,
    write_json,
)

CarryOut = Callable[[Recipe, RunDirectory], RunFinished]
"""Makes a run, or goes on with it."""


@dataclass(frozen=True)
class Task:
    """A run that is left.

    Attributes:
        key: which one.
        recipe: what it trains; as recorded, of one that has begun.
        directory: where it is kept.
        num_updates: that it makes in all.
        num_samples: that it consumes in all.
    """

    key: RunKey
    recipe: Recipe
    directory: RunDirectory
    num_updates: int
    num_samples: int


@dataclass(frozen=True)
class Ended:
    """A run that has ended: as it lies in its directory, and why it is not whole, if it failed."""

    run: RunRecord
    failed: str = ""

    @property
    def is_lost(self) -> bool:
        """Whether it counts in no figure."""
        return self.run.state is not RunState.FINISHED


def tasks_left(
    experiment: Experiment, runs: Iterable[RunRecord], planned: Mapping[Pair, Planned]
) -> list[Task]:
    """Return the runs that are neither finished nor diverged, in their order."""
    left = (run for run in runs if run.state in (RunState.MISSING, RunState.UNFINISHED))
    return [_task(experiment, run, planned[run.key.arm, run.key.optimizer]) for run in left]


def make_run(task: Task, carry_out: CarryOut) -> Ended:
    """Make a run; one that diverges or fails ends no other.

    Raises:
        InputError: what the user wrote does not do, for this run and others.
        InterruptedRunError: it was asked to stop.
    """
    failed = ""
    try:
        carry_out(task.recipe, task.directory)
    except DivergedRunError as error:
        write_json(task.directory.path / DIVERGED_FILE, {"reason": error.message})
    except (InputError, InterruptedRunError):
        raise
    except BsgrowError as error:
        failed = "; ".join(filter(None, (error.message, error.hint)))
    return ended(task, failed)


def ended(task: Task, failed: str = "") -> Ended:
    """Return how a run has ended, by what its directory holds."""
    run = read_run(task.key, task.directory)
    if not failed and run.state in (RunState.MISSING, RunState.UNFINISHED):
        failed = "it ended without a result"
    return Ended(run, failed)


def _task(experiment: Experiment, run: RunRecord, planned: Planned) -> Task:
    begun = run.state is RunState.UNFINISHED
    recipe = run.recipe if begun else recipe_of(experiment, run.key)
    plan = planned.plan
    num_samples = math.ceil(plan.epochs * plan.num_samples)
    return Task(run.key, recipe, run.directory, plan.num_updates, num_samples)
