"""What is said while the runs of a comparison are made: each that ends, and how long it takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Column

from bsgrow.cli.console import note
from bsgrow.cli.numbers import duration
from bsgrow.cli.terminal import err
from bsgrow.experiments.comparing import Comparison
from bsgrow.experiments.making import Ended, Task
from bsgrow.experiments.pace import Pace
from bsgrow.text.printable import printable

if TYPE_CHECKING:
    from bsgrow.experiments.runs import RunKey


class Telling:
    """Says which runs have ended, how many are left, and for how long.

    Args:
        comparison: as it stands before the runs are made.
        pace: of those that are finished; learns from each that ends.
        jobs: runs at a time.
    """

    def __init__(self, comparison: Comparison, pace: Pace, jobs: int) -> None:
        self._left = {task.key: task for task in comparison.tasks}
        self._num_runs, self._pace, self._jobs = comparison.num_runs, pace, jobs
        self._consumed: dict[RunKey, int] = {}
        self._bar: Bar | None = None

    def begin(self) -> None:
        """Say what was done before."""
        if self._left and len(self._left) < self._num_runs:
            err.print(f"{self._done()} of {self._num_runs} runs are done{self._time_left()}")

    @contextmanager
    def live(self) -> Iterator[None]:
        """While entered, a terminal has a line that says how far the runs have come."""
        if not err.is_terminal:
            yield
            return
        bar_column = BarColumn(8, table_column=Column(min_width=8))
        columns = (bar_column, TextColumn("{task.description}"))
        with Bar(*columns, console=err, transient=True) as self._bar:
            total = sum(task.num_samples for task in self._left.values())
            self._line = self._bar.add_task("starting", total=total)
            yield

    def progress(self, task: Task, num_samples: int, seconds_left: float) -> None:
        """Take how many samples a run has consumed and how long it still takes, and show it."""
        self._consumed[task.key] = num_samples
        self._pace.add_running(task.key, task.num_samples - num_samples, seconds_left)
        if self._bar is not None:
            running = self._consumed.keys() & self._left.keys()
            text = f"{self._done()} of {self._num_runs} runs are done, {len(running)} under way"
            completed = sum(self._consumed.values())
            self._bar.update(self._line, completed=completed, description=text + self._time_left())

    def end(self, ended: Ended) -> None:
        """Say how a run has ended, and what is left."""
        task = self._left.pop(ended.run.key)
        self._consumed[task.key] = task.num_samples
        self._pace.add(ended.run)
        where = printable(ended.run.directory.path)
        if ended.run.summary is None or ended.is_lost:
            note(f"{where}: {ended.failed or ended.run.reason}")
            return
        summary = ended.run.summary
        reached = f"test accuracy {summary.test_accuracy:.2%}, {summary.num_updates} updates"
        done = f"{self._done()} of {self._num_runs} runs are done{self._time_left()}"
        err.print(f"{where}: {reached}; {done}")

    def _done(self) -> int:
        return self._num_runs - len(self._left)

    def _time_left(self) -> str:
        """Return how long what is left takes, as the end of a sentence; empty where unknown."""
        seconds = self._pace.seconds_left(self._left.values(), self._jobs, self._consumed)
        return f", about {duration(seconds)} left" if self._left and seconds is not None else ""
