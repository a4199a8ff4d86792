"""What a command and the processes that make its runs say to each other: JSON, an object a line."""

import json
from collections.abc import Mapping
from typing import Any

from bsgrow.experiments.making import Task
from bsgrow.recipe import recipe_from_table


def as_line(message: Mapping[str, Any]) -> bytes:
    """Return a message as it is sent."""
    return json.dumps(message).encode() + b"\n"


def task_as_dict(task: Task, device: str | None) -> dict[str, Any]:
    """Return what a process is to know of a run, and on which device it computes."""
    recipe = task.recipe
    if device is not None:
        recipe = recipe.model_copy(update={"run": recipe.run.model_copy(update={"device": device})})
    return {
        "recipe": recipe.model_dump(mode="json"),
        "directory": str(task.directory.path),
        "key": [task.key.arm, task.key.optimizer, task.key.seed],
        "num_updates": task.num_updates,
        "num_samples": task.num_samples,
    }


def task_from_dict(message: Mapping[str, Any]) -> Task:
    """Return the run that a message is about."""
    from pathlib import Path

    from bsgrow.experiments.runs import RunKey
    from bsgrow.training import RunDirectory

    return Task(
        RunKey(*message["key"]),
        recipe_from_table(message["recipe"]),
        RunDirectory(Path(message["directory"])),
        message["num_updates"],
        message["num_samples"],
    )
