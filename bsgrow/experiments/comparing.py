"""An experiment in its folder: what is left of it is made, and nothing is made twice."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bsgrow.errors import BsgrowError
from bsgrow.experiments.config import Experiment
from bsgrow.experiments.making import CarryOut, Ended, Task, make_run, tasks_left
from bsgrow.experiments.mixing import (
    Pair,
    require_same_code,
    require_same_data,
    require_same_recipes,
)
from bsgrow.experiments.reading import experiment_as_toml
from bsgrow.experiments.records import (
    EXPERIMENT_FILE,
    STARTS_FILE,
    ExperimentRecord,
    RunState,
    record_of,
)
from bsgrow.experiments.runs import Part, planned_arms, runs_in_order
from bsgrow.files.atomic import naming, write_atomically
from bsgrow.files.lock import locked
from bsgrow.recipe import OpenedData
from bsgrow.recipe.planning import Planned
from bsgrow.text.printable import printable

Report = Callable[[Ended], None]
Execute = Callable[[Sequence[Task], Report], None]
"""Makes runs, and reports each as it ends."""


@dataclass(frozen=True)
class Comparison:
    """An experiment, or a part of it, as it stands before its runs are made.

    Attributes:
        record: of the whole experiment.
        planned: what comes of each arm and optimizer.
        tasks: the runs of the part that are left, in their order.
        num_runs: of the part.
    """

    record: ExperimentRecord
    planned: Mapping[Pair, Planned]
    tasks: Sequence[Task]
    num_runs: int


def look(experiment: Experiment, part: Part, folder: Path, opened: OpenedData) -> Comparison:
    """Return what is done and what is left of an experiment; nothing is written.

    Args:
        experiment: as read.
        part: of it that is wanted.
        folder: where it is kept, or will be.
        opened: keeps the data that is opened for it.

    Raises:
        InputError: an arm cannot be planned, or the folder holds runs of other recipes, code or
            data, and more are left to make.
        BsgrowError: a file or the data cannot be read.
    """
    wanted = set(runs_in_order(experiment, part))
    planned = planned_arms(experiment, runs_in_order(experiment), opened)
    record = record_of(experiment, folder)
    runs = [run for run in record.runs if run.key in wanted]
    require_same_recipes(record.runs, planned)
    tasks = tasks_left(experiment, runs, planned)
    if tasks:
        require_same_code(record.runs)
        require_same_data(record.runs, opened)
    return Comparison(record, planned, tasks, len(runs))


def make_what_is_left(
    comparison: Comparison,
    execute: Execute,
    start: Mapping[str, object],
    report: Report = lambda ended: None,
) -> tuple[ExperimentRecord, list[Ended]]:
    """Make the runs that are left.

    Args:
        comparison: what ``look`` returned.
        execute: makes them.
        start: what the experiment is run on, which is kept beside the runs.
        report: called with each run as it ends.

    Returns:
        What the experiment has come to, and the runs that failed now.

    Raises:
        InputError: another process is at it, or as ``make_run``.
        BsgrowError: the folder cannot be written.
    """
    failed: list[Ended] = []

    def reported(ended: Ended) -> None:
        if ended.failed:
            failed.append(ended)
        report(ended)

    experiment, folder = comparison.record.experiment, comparison.record.folder
    with _taken(experiment, folder, start if comparison.tasks else None):
        execute(comparison.tasks, reported)
    return record_of(experiment, folder), failed


def one_after_the_other(carry_out: CarryOut) -> Execute:
    """Return what makes runs in this process."""

    def execute(tasks: Sequence[Task], report: Report) -> None:
        for task in tasks:
            report(make_run(task, carry_out))

    return execute


def require_none_lost(record: ExperimentRecord, part: Part, failed: Sequence[Ended]) -> None:
    """Raise BsgrowError after a comparison in which runs are missing: they diverged, or failed."""
    runs = [run for run in record.runs if run.key in part]
    diverged = [run for run in runs if run.state is RunState.DIVERGED]
    kinds = (
        (
            "diverged",
            diverged,
            "lower schedule.lr or growth.lr_scale, and compare into another --out",
        ),
        ("failed", [each.run for each in failed], "the same command tries what failed once more"),
    )
    lost = [(kind, these, advice) for kind, these, advice in kinds if these]
    if lost:
        named = (f"{kind}: {', '.join(str(run.key) for run in these)}" for kind, these, _ in lost)
        number = sum(len(these) for _, these, _ in lost)
        raise BsgrowError(
            f"{number} of {len(runs)} runs in {printable(record.folder)} count in no figure; "
            + "; ".join(named),
            hint="; ".join(advice for _, _, advice in lost),
        )


@contextmanager
def _taken(
    experiment: Experiment, folder: Path, start: Mapping[str, object] | None
) -> Iterator[None]:
    """Keep other processes from the folder, and note what is made in it, and on what."""
    with naming(folder, "make"):
        folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, "comparing", "--out"):
        text = experiment_as_toml(experiment).encode()
        write_atomically(folder / EXPERIMENT_FILE, lambda file: file.write(text))
        if start is not None:
            _append(folder / STARTS_FILE, start)
        yield


def _append(path: Path, start: Mapping[str, object]) -> None:
    """Add a line, by writing all of them anew: no link is followed, and none is cut short."""
    before = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
    line = json.dumps(start).encode() + b"\n"
    write_atomically(path, lambda file: file.write(before + line))
