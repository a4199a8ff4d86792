"""How long the runs of an experiment take, by those that are finished."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from bsgrow.experiments.making import Task
from bsgrow.experiments.records import RunRecord
from bsgrow.experiments.runs import RunKey


class Pace:
    """Seconds a sample of finished runs: of the same arm and optimizer, or else of all.

    Until one is finished, those under way tell it.

    Args:
        runs: of the experiment; those that are not finished tell nothing.
    """

    def __init__(self, runs: Iterable[RunRecord] = ()) -> None:
        self._seconds: dict[tuple[str, str], float] = defaultdict(float)
        self._samples: dict[tuple[str, str], int] = defaultdict(int)
        self._running: dict[RunKey, float] = {}
        for run in runs:
            self.add(run)

    def add_running(self, key: RunKey, num_samples: int, seconds: float) -> None:
        """Take how long a run that is under way takes for so many samples that are left of it."""
        if num_samples > 0:
            self._running[key] = seconds / num_samples

    @property
    def is_known(self) -> bool:
        """Whether any run tells it."""
        return bool(self._samples or self._running)

    def add(self, run: RunRecord) -> None:
        """Take a run that has ended."""
        if run.summary is not None and not run.reason:
            pair = run.key.arm, run.key.optimizer
            self._seconds[pair] += run.summary.wall_seconds
            self._samples[pair] += run.summary.consumed_samples

    def seconds(self, key: RunKey, num_samples: int) -> float | None:
        """Return how long so many samples of a run take; None where no run tells it."""
        pair = key.arm, key.optimizer
        samples = self._samples.get(pair) or sum(self._samples.values())
        seconds = self._seconds.get(pair) or sum(self._seconds.values())
        if samples:
            return seconds / samples * num_samples
        guesses = self._running.values()
        return sum(guesses) / len(guesses) * num_samples if guesses else None

    def seconds_left(
        self,
        tasks: Iterable[Task],
        jobs: int,
        consumed: Mapping[RunKey, int] = MappingProxyType({}),
    ) -> float | None:
        """Return how long these runs take, so many at a time; None where no run tells it.

        Args:
            tasks: that are left or under way.
            jobs: runs at a time.
            consumed: samples of those under way.
        """
        each = [
            self.seconds(task.key, task.num_samples - consumed.get(task.key, 0)) for task in tasks
        ]
        known = [seconds for seconds in each if seconds is not None]
        if len(known) < len(each):
            return None
        return max(sum(known) / max(1, jobs), max(known, default=0.0))
