"""Runs made several at a time, each in a process of its own, which a signal stops cleanly."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import IO, Any

import typer

from bsgrow.cli.compare.messages import as_line, task_as_dict
from bsgrow.cli.compare.telling import Telling
from bsgrow.cli.compare.worker import log_of
from bsgrow.cli.console import note
from bsgrow.errors import BsgrowError, InputError
from bsgrow.experiments.comparing import Report
from bsgrow.experiments.making import Task, ended
from bsgrow.processes.signals import handling
from bsgrow.text.command import Command
from bsgrow.text.printable import printable

_COMMAND = (sys.executable, "-P", "-m", "bsgrow.cli.compare.worker")
_POLL_SECONDS = 0.5
_SECONDS_TO_END = 20.0  # a worker that was asked to stop takes some five, and writes a checkpoint


@dataclass(eq=False)
class _Worker:
    process: "subprocess.Popen[bytes]"
    slot: int
    task: Task | None = None
    pending: bytearray = field(default_factory=bytearray)

    @property
    def answers(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    def give(self, task: Task, device: str | None) -> None:
        """Tell it to make a run; one that has ended is seen by its answers' end."""
        self.task = task
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(as_line(task_as_dict(task, device)))
            self.process.stdin.flush()
        except OSError:
            return

    def messages(self) -> list[dict[str, Any]] | None:
        """Return what it has said since; None once it has ended."""
        content = os.read(self.answers.fileno(), 1 << 16)
        if not content:
            return None
        self.pending += content
        *lines, rest = bytes(self.pending).split(b"\n")
        self.pending = bytearray(rest)
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Let go of its pipes."""
        self.answers.close()
        with suppress(OSError):  # of what it did not read
            assert self.process.stdin is not None
            self.process.stdin.close()


class Pool:
    """Makes runs, so many at a time.

    Args:
        jobs: how many.
        again: the command that goes on with them.
        telling: says how far they have come.
        num_devices: CUDA devices; each process computes on the next one, where runs may.
    """

    def __init__(self, jobs: int, again: Command, telling: Telling, num_devices: int = 0) -> None:
        self._jobs, self._again, self._telling = jobs, again, telling
        self._num_devices = num_devices
        self._workers: list[_Worker] = []
        self._signal: int | None = None
        self._asked = 0.0

    def make(self, tasks: Sequence[Task], report: Report) -> None:
        """Make runs in their order, and report each that ends.

        Raises:
            InputError: what the user wrote does not do; what is under way is stopped.
            typer.Exit: a signal has stopped them, each with a checkpoint.
        """
        pending = deque(tasks)
        with (
            handling(self._handle),
            self._telling.live(),
            selectors.DefaultSelector() as selector,
        ):
            try:
                for slot in range(min(self._jobs, len(pending))):
                    self._start(slot, pending, selector)
                while self._workers:
                    self._wait(pending, report, selector)
            except BaseException:
                self._ask_to_stop(signal.SIGTERM)
                raise
            finally:
                self._end()
        if self._signal is not None:
            note(f"stopped; what was under way keeps its checkpoints; go on with: {self._again}")
            raise typer.Exit(128 + self._signal)

    def _start(self, slot: int, pending: deque[Task], selector: selectors.BaseSelector) -> None:
        """Start a process, with its first run; it leads a group, so that Ctrl-C is left to us."""
        command = [*_COMMAND, str(os.getpid())]
        try:
            process = subprocess.Popen(  # noqa: S603 - this program itself
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                process_group=0,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
            )
        except OSError as error:
            hint = "--jobs 1 starts none"
            raise BsgrowError(f"cannot start a process: {error.strerror or error}", hint) from error
        worker = _Worker(process, slot)
        self._workers.append(worker)
        selector.register(worker.answers, selectors.EVENT_READ, worker)
        self._give(worker, pending)

    def _give(self, worker: _Worker, pending: deque[Task]) -> None:
        if pending and self._signal is None:
            worker.give(task := pending.popleft(), self._device(worker.slot, task))
            return
        worker.task = None
        assert worker.process.stdin is not None
        worker.process.stdin.close()

    def _device(self, slot: int, task: Task) -> str | None:
        """Return the device of a process, where the run leaves open which."""
        if self._num_devices and task.recipe.run.device in ("auto", "cuda"):
            return f"cuda:{slot % self._num_devices}"
        return None

    def _wait(self, pending: deque[Task], report: Report, selector: selectors.BaseSelector) -> None:
        for key, _ in selector.select(_POLL_SECONDS):
            worker: _Worker = key.data
            messages = worker.messages()
            for message in messages or ():
                self._take(worker, message, pending, report)
            if messages is None:
                selector.unregister(worker.answers)
                self._workers.remove(worker)
                self._lose(worker, pending, report, selector)
        if self._signal is not None and time.monotonic() - self._asked > _SECONDS_TO_END:
            for worker in self._workers:
                worker.process.kill()

    def _take(
        self, worker: _Worker, message: dict[str, Any], pending: deque[Task], report: Report
    ) -> None:
        task = worker.task
        assert task is not None
        if "progress" in message:
            self._telling.progress(task, message["progress"], message["seconds_left"])
        elif "refused" in message:
            raise InputError(message["refused"], message["hint"])
        else:
            report(ended(task, message["failed"]))
            self._give(worker, pending)

    def _lose(
        self,
        worker: _Worker,
        pending: deque[Task],
        report: Report,
        selector: selectors.BaseSelector,
    ) -> None:
        """Take the end of a process; one that nobody asked for has failed, and has a successor."""
        code = worker.process.wait()
        worker.close()
        if worker.task is None or self._signal is not None:
            return
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        advice = "often the memory has run out: fewer --jobs take less" * (code == -signal.SIGKILL)
        log = f"see {printable(log_of(worker.task.directory))}"
        report(ended(worker.task, "; ".join(filter(None, (f"its process {how}", advice, log)))))
        if pending:
            self._start(worker.slot, pending, selector)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """Pass on a signal: the first asks the processes to stop, the next stops them at once."""
        if self._signal is None:
            self._signal = number
            os.write(
                2, b"\nnote: stopping after the updates under way; once more to stop at once\n"
            )
        self._ask_to_stop(signal.SIGTERM)

    def _ask_to_stop(self, number: int) -> None:
        self._asked = self._asked or time.monotonic()
        for worker in self._workers:
            if worker.process.poll() is None:
                worker.process.send_signal(number)

    def _end(self) -> None:
        """Wait for the processes that are left, and kill those that do not end in time."""
        for worker in self._workers:
            try:
                worker.process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            worker.close()
