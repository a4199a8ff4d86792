"""Work that forked processes share, its results in the order of the tasks.

Threads would wait for each other: a small image takes Python longer than the decoder.
"""

import gc
import os
import pickle
import signal
import sys
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import current_process, get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from bsgrow.errors import BsgrowError
from bsgrow.processes.messages import receive, send
from bsgrow.processes.signals import blocking_interrupts

PART_BYTES = 1 << 20
"""Results travel in parts of about so many bytes, the last result of a part whole."""

_MOST_PER_CORE = 4
"""Workers; more would take longer to start than they save."""

_TASKS_AHEAD = 2
_PARTS_AHEAD = 1
"""Of each worker."""

Task = TypeVar("Task")
Result = TypeVar("Result")
Work = Callable[[Task], Iterable[Result]]
MapInOrder = Callable[[Iterable[Task]], Iterator[Result]]


def num_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def started_workers(
    work: Work[Task, Result], num_workers: int, size_of: Callable[[Result], int] = lambda result: 0
) -> Iterator[MapInOrder[Task, Result]]:
    """Starts processes for `work`, and yields what maps it over tasks.

    With one worker all is done in this process, as it is where forks are not safe (anywhere but on
    Linux) or not allowed. Of each worker no more than three parts of results are in memory, each of
    at most `PART_BYTES` and one result. Errors come out in their turn. The processes know what this
    one held when they were started, leave Ctrl-C to it, and end when it does, however it ends.

    Args:
        work: the results of a task, one after the other; they and errors can be pickled. What is a
            `PickleBuffer` in one is sent as it is, and comes out as a view of bytes.
        num_workers: how many processes at most; no more than four a core are started.
        size_of: bytes that a result takes, about.

    Raises:
        BsgrowError: no process can be started. From the map: one was killed.
    """
    if num_workers < 2 or sys.platform != "linux" or current_process().daemon:
        yield lambda tasks: (result for task in tasks for result in work(task))
        return
    workers: list[_Worker] = []
    try:
        for _ in range(min(num_workers, _MOST_PER_CORE * num_cores())):
            workers.append(_started(work, size_of, workers))
        yield lambda tasks: _Map(workers, tasks).results()
    finally:
        for worker in workers:
            worker.connection.close()
            worker.process.kill()
        for worker in workers:
            worker.process.join()


@dataclass(eq=False)
class _Answers(Generic[Result]):
    """The answers to one task."""

    worker: "_Worker"
    parts: deque[list[Result]] = field(default_factory=deque)
    end: "_End | None" = None


@dataclass(frozen=True, eq=False)
class _Worker:
    process: BaseProcess
    connection: "Connection[Any, Any]"
    pending: deque[_Answers[Any]] = field(default_factory=deque)
    """Tasks that it was given and has not ended, in order."""


@dataclass(frozen=True)
class _End:
    """The last thing that comes back of a task."""

    error: BaseException | None = None


class _Map(Generic[Task, Result]):
    """One pass over tasks; each worker is given the next where it ended one."""

    def __init__(self, workers: Sequence[_Worker], tasks: Iterable[Task]) -> None:
        self._workers = workers
        self._remaining = iter(tasks)
        self._answers: deque[_Answers[Result]] = deque()
        self._num_parts = 0

    def results(self) -> Iterator[Result]:
        for worker in [*self._workers] * _TASKS_AHEAD:
            self._give(worker)
        while self._answers:
            first = self._answers[0]
            while not first.parts and not first.end:
                self._receive()
            if first.parts:
                self._num_parts -= 1
                yield from first.parts.popleft()
                continue
            self._answers.popleft()
            if first.end and first.end.error:
                raise first.end.error

    def _give(self, worker: _Worker) -> None:
        for task in self._remaining:
            answers: _Answers[Result] = _Answers(worker)
            worker.pending.append(answers)
            self._answers.append(answers)
            with _named_if_killed(worker):
                worker.connection.send(task)
            return

    def _receive(self) -> None:
        """Takes what is there; only what comes next, once enough is waiting."""
        workers = [worker for worker in self._workers if worker.pending]
        if self._num_parts >= _PARTS_AHEAD * len(self._workers):
            workers = [self._answers[0].worker]
        ready = wait([worker.connection for worker in workers])
        for worker in workers:
            if worker.connection in ready:
                self._take(worker)

    def _take(self, worker: _Worker) -> None:
        with _named_if_killed(worker):
            message = receive(worker.connection)
        if isinstance(message, _End):
            worker.pending.popleft().end = message
            self._give(worker)
        else:
            worker.pending[0].parts.append(message)
            self._num_parts += 1


@contextmanager
def _named_if_killed(worker: _Worker) -> Iterator[None]:
    try:
        yield
    except (EOFError, ConnectionError) as error:
        worker.process.join()
        code = worker.process.exitcode or 0
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        hint = "often the memory has run out: --num-workers 1 takes less"
        raise BsgrowError(f"a worker process {how}", hint) from error


def _started(work: Work[Any, Any], size_of: Callable[[Any], int], before: list[_Worker]) -> _Worker:
    context = get_context("fork")
    here, there = context.Pipe()
    foreign = [here, *(worker.connection for worker in before)]
    process = context.Process(target=_serve, args=(there, foreign, work, size_of), daemon=True)
    try:
        # A child that has just begun would take Ctrl-C for its own.
        with blocking_interrupts(), warnings.catch_warnings():
            # Of Python 3.12, where other threads run: the child takes none of their locks.
            warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
            process.start()
    except OSError as error:
        hint = "--num-workers 1 starts none"
        raise BsgrowError(f"cannot start a process: {error.strerror or error}", hint) from error
    finally:
        there.close()
    return _Worker(process, here)


def _serve(
    connection: "Connection[Any, Any]",
    foreign: Sequence["Connection[Any, Any]"],
    work: Work[Any, Any],
    size_of: Callable[[Any], int],
) -> None:
    """Answer tasks in a worker until nobody is left at the other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # to look through what is the parent's would copy it
    for other in foreign:  # an end that stays open here would never be seen to close
        other.close()
    with suppress(EOFError, ConnectionError):
        while True:
            for answer in _answers(work, connection.recv(), size_of):
                send(connection, answer)
    os._exit(0)


def _answers(
    work: Work[Task, Result], task: Task, size_of: Callable[[Result], int]
) -> Iterator[list[Result] | _End]:
    part: list[Result] = []
    num_bytes = 0
    try:
        for result in work(task):
            part.append(result)
            num_bytes += size_of(result)
            if num_bytes >= PART_BYTES:
                yield part
                part, num_bytes = [], 0
    except Exception as error:
        end = _End(_sendable(error))
    else:
        end = _End()
    if part:
        yield part
    yield end


def _sendable(error: Exception) -> Exception:
    """The error, without what cannot be pickled."""
    if not isinstance(error, BsgrowError):
        error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - pickled here
    except Exception:
        return RuntimeError("".join(traceback.format_exception(error)))
    return error
