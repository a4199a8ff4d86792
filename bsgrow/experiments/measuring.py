"""How long a run of an experiment takes, by training a little of it."""

import tempfile
from functools import partial
from pathlib import Path

from bsgrow.errors import BsgrowError, InputError
from bsgrow.experiments.making import Task
from bsgrow.recipe import OpenedData, Recipe
from bsgrow.training import RunDirectory, carry_out
from bsgrow.training.events.events import Event, Progress

SECONDS = 3.0


def measure_run(task: Task, opened: OpenedData) -> float | None:
    """Return how many seconds a run takes, by those of its first updates; None where they fail.

    A few seconds of it are trained, in a folder that is removed; of the task nothing is made.

    Args:
        task: the run.
        opened: the data of the command.

    Raises:
        InputError: what the user wrote does not do.
    """
    seen: list[Progress] = []
    try:
        _train_a_little(task.recipe, opened, seen)
    except InputError:
        raise
    except BsgrowError:  # it was stopped, or fails by itself, as the run will say
        pass
    num_samples = seen[-1].consumed_samples - seen[0].consumed_samples if seen else 0
    return _seconds(seen) / num_samples * task.num_samples if num_samples else None


def _train_a_little(recipe: Recipe, opened: OpenedData, seen: list[Progress]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        carry_out(
            *(_reporting_often(recipe), RunDirectory(Path(folder) / "run")),
            resume=False,
            on_event=partial(_keep_progress, seen),
            should_stop=lambda: len(seen) > 1 and _seconds(seen) >= SECONDS,
            opened=opened,
        )


def _reporting_often(recipe: Recipe) -> Recipe:
    return recipe.model_copy(
        update={"run": recipe.run.model_copy(update={"log_every_seconds": SECONDS / 10})}
    )


def _keep_progress(seen: list[Progress], event: Event) -> None:
    if isinstance(event, Progress):
        seen.append(event)


def _seconds(seen: list[Progress]) -> float:
    return seen[-1].wall_seconds - seen[0].wall_seconds if seen else 0.0
