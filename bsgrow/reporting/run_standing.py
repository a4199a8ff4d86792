"""Where a run stands, from its directory alone: also one that is being written, or was killed."""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from bsgrow.experiments.records import DIVERGED_FILE
from bsgrow.files.lock import is_locked
from bsgrow.files.regular import read_regular
from bsgrow.reporting.planned_phases import PlannedPhase, phase_at, read_phases
from bsgrow.training.events.events import Evaluated, Event, Progress, RunFinished, RunStarted
from bsgrow.training.events.failures import RunLeft
from bsgrow.training.events.log import events_in
from bsgrow.training.noise import noise_scale_of
from bsgrow.training.run_directory import RunDirectory

_LARGEST = 2**20  # bytes


class Condition(StrEnum):
    """Whether a run goes on, and if not, what has ended it."""

    NOT_BEGUN = "not begun"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    DIVERGED = "diverged"
    FAILED = "failed"
    KILLED = "killed"


@dataclass(slots=True)
class Seen:
    """What the events of a run say, the latest of each kind; its curves.

    Attributes:
        started: its start, or its last continuation.
        num_starts: how often it was begun or gone on with.
        progress: all reports on the way.
        evaluated: all evaluations.
        num_updates: updates made.
        finished: what it ended with.
        left: why it was left, where that was the last thing that happened.
    """

    started: RunStarted | None = None
    num_starts: int = 0
    progress: list[Progress] = field(default_factory=list)
    evaluated: list[Evaluated] = field(default_factory=list)
    num_updates: int = 0
    finished: RunFinished | None = None
    left: RunLeft | None = None

    def take(self, event: Event) -> None:
        """Take the next event."""
        self.left = event if isinstance(event, RunLeft) else None
        match event:
            case RunStarted():
                self.started, self.num_starts = event, self.num_starts + 1
                return
            case Progress():
                self.progress.append(event)
            case Evaluated():
                self.evaluated.append(event)
            case RunFinished():
                self.finished = event
        self.num_updates = max(self.num_updates, event.num_updates)

    @property
    def best(self) -> Evaluated | None:
        """The evaluation with the highest accuracy, of those the least loss, then the first."""
        return max(self.evaluated, key=lambda e: (e.test_accuracy, -e.test_loss), default=None)


class Now(NamedTuple):
    """What an update is made with."""

    global_batch_size: int
    lr: float
    momentum: float
    sgd_noise_scale: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands.

    Attributes:
        path: of the run.
        state: whether it goes on.
        reason: what has ended it, where that is known.
        seen: what its events say.
        phases: of its plan; none where that is not there.
        checkpoint: updates at the newest checkpoint.
    """

    path: Path
    state: Condition
    reason: str
    seen: Seen
    phases: tuple[PlannedPhase, ...] = ()
    checkpoint: int | None = None

    @property
    def consumed_samples(self) -> int:
        """Samples consumed, as the latest event says that tells of them."""
        latest = (self.seen.progress[-1:], self.seen.evaluated[-1:])
        finished = self.seen.finished
        counts = [event.consumed_samples for events in latest for event in events]
        return max([*counts, finished.consumed_samples if finished else 0])

    @property
    def num_total_samples(self) -> int:
        """Samples of the whole run; what was consumed where no plan says it."""
        return self.phases[-1].stop_sample if self.phases else self.consumed_samples

    @property
    def epoch(self) -> float | None:
        """Passes over the training set made."""
        started = self.seen.started
        return self.consumed_samples / started.num_samples if started else None

    @property
    def phase_index(self) -> int | None:
        """Index of the phase that the run is in."""
        return phase_at(self.phases, self.consumed_samples)

    @property
    def now(self) -> Now | None:
        """What the latest update was made with; by the plan where no report is of its phase."""
        index, progress = self.phase_index, self.seen.progress[-1:]
        phase = None if index is None else self.phases[index]
        if phase and not (progress and progress[0].consumed_samples > phase.start_sample):
            end = phase.lr[1], phase.momentum, phase.sgd_noise_scale[1]
            return Now(phase.global_batch_size, *end)
        return self._as_reported(progress[0], phase) if progress else None

    def _as_reported(self, last: Progress, phase: PlannedPhase | None) -> Now:
        size = phase.global_batch_size if phase else last.global_batch_size  # the last one is cut
        num_samples = self.seen.started.num_samples if self.seen.started else 0
        return Now(size, last.lr, last.momentum, noise_scale_of(last, size, num_samples))


def read_standing(path: Path) -> Standing:
    """Return where the run in a directory stands.

    A line of its events that was cut short, as a kill leaves it or while it is written, is left
    out; what is missing else is not known.

    Raises:
        InputError: a line of its events is none.
        BsgrowError: they cannot be read.
    """
    directory = RunDirectory(path)
    is_running = is_locked(path)
    seen = Seen()
    for event in _events(directory):
        seen.take(event)
    seen.finished = seen.finished or directory.read_summary()
    state, reason = _state(directory, seen, is_running)
    phases = read_phases(directory.plan)
    return Standing(path, state, reason, seen, phases, _newest(directory.checkpoints))


def _events(directory: RunDirectory) -> Iterable[Event]:
    return events_in(directory.events) if directory.events.exists() else ()


def _state(directory: RunDirectory, seen: Seen, is_running: bool) -> tuple[Condition, str]:
    if seen.finished is not None:
        return Condition.FINISHED, ""
    if is_running:
        return Condition.RUNNING, ""
    if reason := _diverged(directory.path / DIVERGED_FILE):
        return Condition.DIVERGED, reason
    if seen.left is not None:
        return Condition(seen.left.why), seen.left.reason
    return Condition.KILLED if directory.is_begun() else Condition.NOT_BEGUN, ""


def _diverged(path: Path) -> str:
    with suppress(OSError, ValueError, RecursionError, AttributeError):
        found = json.loads(read_regular(path, _LARGEST, follow_link=False))
        return str(found.get("reason", "diverged"))
    return ""


def _newest(folder: Path) -> int | None:
    """Return the updates of the newest checkpoint that was written to its end."""
    with suppress(OSError):
        stems = (path.stem.removeprefix("update-") for path in folder.glob("update-*.json"))
        return max((int(stem) for stem in stems if stem.isdecimal()), default=None)
    return None
