"""Checkpoints of a run: copied between two updates, written by a thread while training goes on."""

import statistics
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TypedDict

from bsgrow.errors import BsgrowError
from bsgrow.schedule import Update
from bsgrow.training.background import Background
from bsgrow.training.checkpoint.checkpoint import write_checkpoint
from bsgrow.training.checkpoint.folder import checkpoint_path
from bsgrow.training.checkpoint.host_copy import HostCopy
from bsgrow.training.checkpoint.keeping import best_tested
from bsgrow.training.checkpoint.manifest import is_better
from bsgrow.training.decisions import Vote
from bsgrow.training.events.events import CheckpointFailed, CheckpointSaved, Event
from bsgrow.training.job import Job
from bsgrow.training.state import State
from bsgrow.training.step import Metrics

_NUM_TIMED = 100  # updates that the median time of one is of
_SECONDS_TO_END = 5.0  # for what is being written when the process is to end at once


@dataclass(frozen=True, slots=True)
class _Copied:
    """A state of which a checkpoint is written.

    Attributes:
        num_updates: it is of the state after so many.
        tested: what the held-out samples gave after them.
        pause_seconds: for which training waited.
        pause_updates: the same, in updates.
    """

    num_updates: int
    tested: Metrics | None
    pause_seconds: float = 0.0
    pause_updates: float = 0.0


class _Writing(NamedTuple):
    """What a thread writes."""

    thread: Background
    copied: _Copied


class _Known(TypedDict):
    num_updates: int
    path: str
    logged_at: int


class Checkpointing:
    """Writes a checkpoint every so many seconds, at the best evaluation so far, and at the end.

    Training waits while the state is copied in memory; a thread writes the copy. One is written at
    a time. While it is, one that is due by the clock is put off, so that a disk slower than the
    clock asks for never holds training up; the others are of a state that does not come again, and
    wait: at the best evaluation, at the end, at a stop, at a bad sample, and any where
    ``run.checkpoint_every_seconds`` is 0. One that cannot be written is told of, and training goes
    on; only the last one of a run or of a part of it must be written, or ``finish`` raises.

    The events of the run until then are on the disk before a checkpoint counts. What came of one is
    logged between two updates, once it is known.

    Use it as a context: left by an error, it waits for what is being written; by an interrupt, it
    gives that up. Either leaves the older ones.

    Args:
        job: gives the recipe and the identity of the run.
        state: that is copied.
        emit: takes the events; called from the thread of the caller alone.
        folder: of the checkpoints.
        sync_log: puts the events on the disk; called from the thread that writes.
        writes: whether this process writes them. One that does not calls ``save`` at the same
            updates all the same, as the state may have to be gathered from all processes.
    """

    def __init__(
        self,
        job: Job,
        state: State,
        emit: Callable[[Event], None],
        folder: Path,
        sync_log: Callable[[], None],
        *,
        writes: bool = True,
    ) -> None:
        self._job, self._state, self._emit, self._folder = job, state, emit, folder
        self._sync_log, self._writes = sync_log, writes
        self._copy = HostCopy()
        self._writing: _Writing | None = None
        self._last_error: BaseException | None = None
        self._num_saved: int | None = None  # updates at the latest ``save``
        self._best = best_tested(folder, state.num_updates) if writes else None
        self._logged_at = state.num_updates
        self._seconds = self._update_seconds = state.stopwatch.elapsed
        self._durations: deque[float] = deque(maxlen=_NUM_TIMED)

    def is_due(self, update: Update) -> bool:
        """Whether the interval is over, or the run will be; asked once an update."""
        now = self._state.stopwatch.elapsed
        self._durations.append(now - self._update_seconds)
        self._update_seconds = now
        if update.index + 1 == self._job.plan.num_updates:
            return True
        every = self._job.recipe.run.checkpoint_every_seconds
        is_free = not every or self._writing is None or not self._writing.thread.is_running
        return self._writes and is_free and now - self._seconds >= every

    def is_best(self) -> bool:
        """Whether the model did better on the held-out samples, just now, than ever before."""
        tested, keeps = self._state.tested, self._writes and self._job.recipe.run.keep_best
        return keeps and tested is not None and is_better(tested, self._best)

    def save(self) -> None:
        """Copy the state, and begin to write it; waits for the device, and for one under way.

        Called again after the same update, it does nothing.
        """
        state = self._state
        if self._num_saved == state.num_updates:
            return
        begun = state.stopwatch.elapsed
        self._collect()
        with state.lock:
            self._num_saved = state.num_updates
            position = state.position()  # every process has a part in it
            if self._writes:
                content = state.content(self._job.identity, position)
                self._begin(begun, self._copy.take(content))
        self._seconds = self._update_seconds = state.stopwatch.elapsed

    def save_at_once(self) -> list[CheckpointSaved]:
        """Write the state itself, from another thread than the main one, which changes nothing.

        One that is being written is waited for, and is enough if it is of the same state.

        Returns:
            What is to be logged, by the caller: the main thread may hang in showing something.

        Raises:
            BsgrowError: it could not be written.
        """
        writing, state = self._writing, self._state
        error = self.wait()
        saved = [self._saved(writing.copied)] if writing is not None and error is None else []
        if self._writes and (error is not None or self._num_saved != state.num_updates):
            position = state.position()
            content = state.content(self._job.identity, position)
            self._write(content, state.tested)
            saved.append(self._saved(_Copied(state.num_updates, state.tested)))
        return saved

    def wait(self) -> BaseException | None:
        """Wait for what is being written; return why the latest one could not be, if it could not.

        Logs nothing, and so may be called from another thread than the main one.
        """
        writing = self._writing
        return self._last_error if writing is None else writing.thread.wait()

    def report(self) -> None:
        """Log what came of a checkpoint, once it is known; does not wait."""
        if self._writing is not None and not self._writing.thread.is_running:
            self._collect()

    def finish(self) -> Vote:
        """Wait for the latest checkpoint.

        Raises:
            BsgrowError: it could not be written.
        """
        self._collect()
        if self._last_error is not None:
            raise self._last_error
        return Vote(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None or isinstance(error, Exception):
                self._collect()
        finally:
            if self._writing is not None:
                self._writing.thread.cancel(_SECONDS_TO_END)

    def _begin(self, begun: float, content: dict[str, object]) -> None:
        tested = self._state.tested
        thread = Background(partial(self._write, content, tested))
        pause = self._state.stopwatch.elapsed - begun
        copied = _Copied(self._state.num_updates, tested, pause, self._in_updates(pause))
        self._writing = _Writing(thread, copied)
        thread.start()

    def _write(
        self,
        content: dict[str, object],
        tested: Metrics | None,
        check: Callable[[], object] = lambda: None,
    ) -> None:
        self._sync_log()
        run = self._job.recipe.run
        write_checkpoint(
            *(self._folder, content),
            tested=tested,
            num_kept=run.keep,
            keep_best=run.keep_best,
            check=check,
        )

    def _in_updates(self, seconds: float) -> float:
        median = statistics.median(self._durations or [0.0])
        return seconds / median if median > 0 else 0.0

    def _collect(self) -> None:
        """Wait for what is being written, if anything is, and log what came of it."""
        if self._writing is None:
            return
        thread, copied = self._writing
        self._last_error = thread.wait()
        self._writing = None
        if self._last_error is None:
            self._emit(self._saved(copied))
            if copied.tested is not None and is_better(copied.tested, self._best):
                self._best = copied.tested
        else:
            self._state.num_checkpoints_failed += 1
            self._emit(self._failed(copied, self._last_error))

    def _saved(self, copied: _Copied) -> CheckpointSaved:
        return CheckpointSaved(
            **self._known(copied),
            pause_seconds=copied.pause_seconds,
            pause_updates=copied.pause_updates,
        )

    def _failed(self, copied: _Copied, error: BaseException) -> CheckpointFailed:
        named = f"{type(error).__name__}: {error}"
        reason = error.message if isinstance(error, BsgrowError) else named
        return CheckpointFailed(**self._known(copied), reason=reason)

    def _known(self, copied: _Copied) -> _Known:
        """Return what the events of a checkpoint have in common, now that they are logged."""
        # Updates that turn out to have diverged are taken back; the log has been there already.
        self._logged_at = max(self._logged_at, copied.num_updates, self._state.num_updates)
        path = checkpoint_path(self._folder, copied.num_updates)
        return _Known(num_updates=copied.num_updates, path=str(path), logged_at=self._logged_at)
