"""What an experiment has come to, read from its folder alone."""

import json
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from bsgrow.errors import BsgrowError, InputError
from bsgrow.experiments.config import Experiment
from bsgrow.experiments.reading import load_experiment
from bsgrow.experiments.runs import RunKey, directory_of, runs_in_order
from bsgrow.files.regular import read_regular
from bsgrow.recipe import Recipe
from bsgrow.text.command import Command, argument
from bsgrow.training import RunDirectory, RunFinished, events_in
from bsgrow.training.events.events import Evaluated, Event
from bsgrow.training.origin import Origin, read_origin

EXPERIMENT_FILE = "experiment.toml"
"""In the folder of an experiment: the experiment, with its recipe in it."""

STARTS_FILE = "starts.jsonl"
"""In the folder of an experiment: what each start of it was run on, one JSON object a line."""

DIVERGED_FILE = "diverged.json"
"""In the directory of a run that has diverged: why."""

_LARGEST = 2**24  # bytes


class RunState(StrEnum):
    """How far a run has come."""

    MISSING = "missing"
    """It has not begun."""

    UNFINISHED = "unfinished"
    """It has begun, and goes on from its newest checkpoint."""

    FINISHED = "finished"
    DIVERGED = "diverged"


@dataclass(frozen=True)
class RunRecord:
    """One run of an experiment.

    Attributes:
        key: which one.
        directory: where it is kept.
        state: how far it has come.
        summary: what it ended with, if it is finished.
        reason: why it counts in no figure, if it has diverged.
    """

    key: RunKey
    directory: RunDirectory
    state: RunState
    summary: RunFinished | None = None
    reason: str = ""

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe as resolved, of a run that has begun. Raises as ``read_recipe``."""
        return self.directory.read_recipe()

    @property
    def origin(self) -> Origin | None:
        """What it was begun with, where that is recorded."""
        return read_origin(self.directory)

    def plan(self) -> dict[str, Any]:
        """Return the plan as ``plan --format json`` prints it. Raises BsgrowError."""
        return _json_in(self.directory.plan)

    def events(self) -> Iterator[Event]:
        """Yield what happened, in order; nothing of a run that has not begun."""
        if self.directory.events.exists():
            yield from events_in(self.directory.events)

    def evaluations(self) -> list[Evaluated]:
        """Return what was measured on its way: its learning curve."""
        return [event for event in self.events() if isinstance(event, Evaluated)]


@dataclass(frozen=True)
class ExperimentRecord:
    """An experiment and all of its runs.

    Attributes:
        experiment: as it was started last.
        folder: where it is kept.
        runs: in the order in which they are made.
        starts: what each start was run on: ``time``, ``command``, ``hardware``, ``versions``,
            ``code``; the oldest first.
    """

    experiment: Experiment
    folder: Path
    runs: tuple[RunRecord, ...]
    starts: tuple[dict[str, Any], ...] = ()

    def of(self, arm: str, optimizer: str = "") -> list[RunRecord]:
        """Return the runs of an arm with an optimizer, a seed each."""
        return [run for run in self.runs if (run.key.arm, run.key.optimizer) == (arm, optimizer)]

    def finished(self, arm: str, optimizer: str = "") -> list[RunRecord]:
        """Return those of them that are finished, and count in its figures."""
        return [run for run in self.of(arm, optimizer) if run.state is RunState.FINISHED]


def read_experiment(folder: Path) -> ExperimentRecord:
    """Read an experiment from the folder that it is kept in.

    Raises:
        InputError: it holds none, or a run in it cannot be read.
        BsgrowError: a file cannot be read.
    """
    path = folder / EXPERIMENT_FILE
    if not path.exists():
        command = Command(("compare", "FILE.toml", "--out", argument(str(folder))))
        raise InputError(
            f"{folder} holds no experiment: {EXPERIMENT_FILE} is not there",
            hint=f"make one: {command}",
        )
    return record_of(load_experiment(path), folder)


def record_of(experiment: Experiment, folder: Path) -> ExperimentRecord:
    """Return how far an experiment has come in a folder. Raises as ``read_experiment``."""
    runs = tuple(read_run(key, directory_of(folder, key)) for key in runs_in_order(experiment))
    return ExperimentRecord(experiment, folder, runs, tuple(_starts(folder)))


def read_run(key: RunKey, directory: RunDirectory) -> RunRecord:
    """Return how far a run has come."""
    if not directory.is_begun():
        return RunRecord(key, directory, RunState.MISSING)
    reason = _reason(directory)
    summary = directory.read_summary()
    if summary is not None and not math.isfinite(summary.test_loss):
        reason = f"the test loss is {summary.test_loss} after update {summary.num_updates}"
    if reason:
        return RunRecord(key, directory, RunState.DIVERGED, reason=reason)
    state = RunState.UNFINISHED if summary is None else RunState.FINISHED
    return RunRecord(key, directory, state, summary)


def _reason(directory: RunDirectory) -> str:
    """Return why a run has diverged; empty where it has not."""
    path = directory.path / DIVERGED_FILE
    return str(_json_in(path).get("reason", "diverged")) if path.exists() else ""


def _json_in(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_regular(path, _LARGEST, follow_link=False))
    except (OSError, ValueError, RecursionError) as error:
        raise BsgrowError(f"cannot read {path}: {error}") from error
    if not isinstance(found, dict):
        raise BsgrowError(f"cannot read {path}: it holds no object")
    return found


def _starts(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what each start was run on; a line that was cut short is left out."""
    with suppress(OSError):
        for line in read_regular(folder / STARTS_FILE, _LARGEST, follow_link=False).splitlines():
            with suppress(ValueError, RecursionError):
                found = json.loads(line)
                if isinstance(found, dict):
                    yield found
