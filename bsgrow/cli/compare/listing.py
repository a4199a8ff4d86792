"""What `bsgrow compare --dry-run` lists: runs, updates, and the time that they take."""

from typing import Any

from bsgrow.cli.console import print_words
from bsgrow.cli.numbers import duration
from bsgrow.cli.table import Column, FittedTable, figures
from bsgrow.cli.terminal import out
from bsgrow.experiments.comparing import Comparison
from bsgrow.experiments.making import Task
from bsgrow.experiments.mixing import Pair
from bsgrow.experiments.pace import Pace

_COLUMNS = (
    Column("arm"),
    Column("optimizer", leaves=3),
    Column("seeds left", leaves=2),
    *figures("runs left", "updates each"),
    Column("time each", right=True, leaves=1),
    Column("time", right=True),
)


def listing_as_dict(comparison: Comparison, pace: Pace, jobs: int) -> dict[str, Any]:
    """Return what is left as plain values, ready for JSON; times are None where unknown."""
    return {
        "num_runs": comparison.num_runs,
        "num_done": comparison.num_runs - len(comparison.tasks),
        "jobs": jobs,
        "seconds": pace.seconds_left(comparison.tasks, jobs),
        "runs": [
            {
                "arm": task.key.arm,
                "optimizer": task.key.optimizer,
                "seed": task.key.seed,
                "num_updates": task.num_updates,
                "num_samples": task.num_samples,
                "seconds": pace.seconds(task.key, task.num_samples),
                "out": str(task.directory.path),
            }
            for task in comparison.tasks
        ],
    }


def print_listing(comparison: Comparison, pace: Pace, jobs: int) -> None:
    """Print a row for each arm and optimizer of which runs are left, and what all take."""
    table, by_pair = FittedTable(_COLUMNS), _by_pair(comparison)
    for (arm, optimizer), tasks in by_pair.items():
        seconds = pace.seconds(tasks[0].key, tasks[0].num_samples)
        seeds = ", ".join(str(task.key.seed) for task in tasks)
        numbers = f"{len(tasks)}", f"{tasks[0].num_updates}"
        times = _clock(seconds), _clock(seconds and seconds * len(tasks))
        table.add_row(arm, optimizer, seeds, *numbers, *times)
    if by_pair:
        out.print(table)
    left, updates = len(comparison.tasks), sum(task.num_updates for task in comparison.tasks)
    seconds = pace.seconds_left(comparison.tasks, jobs)
    takes = (
        f"about {duration(seconds)}" if seconds is not None else "unknown until a run is finished"
    )
    print_words(
        f"{left} of {comparison.num_runs} runs are left, {updates} updates; "
        f"expected time, {jobs} at a time: {takes}"
    )


def _by_pair(comparison: Comparison) -> dict[Pair, list[Task]]:
    by_pair: dict[Pair, list[Task]] = {}
    for task in comparison.tasks:
        by_pair.setdefault((task.key.arm, task.key.optimizer), []).append(task)
    return by_pair


def _clock(seconds: float | None) -> str:
    return "unknown" if seconds is None else duration(seconds)
