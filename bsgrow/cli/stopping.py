"""Ctrl-C and SIGTERM: finish the update, write a checkpoint, say how to go on."""

import atexit
import os
import signal
import sys
import time
from contextlib import AbstractContextManager, suppress
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Self

from bsgrow.cli.deadline import CarriedOut, Deadline
from bsgrow.cli.interrupt import interrupt
from bsgrow.processes.launched import is_launched
from bsgrow.processes.signals import handling, ignore

if TYPE_CHECKING:
    from bsgrow.training.group.process_group import ProcessGroup

_REPEAT_SECONDS = 0.5  # a terminal and a wrapper may both pass on the same Ctrl-C
_REPEAT_SECONDS_LAUNCHED = 3.0  # torchrun passes it on, and SIGTERM once one process has ended
_MESSAGE = "\nnote: stopping after this update; once more to stop at once\n"


class StopRequest:
    """While entered, a signal asks to stop; before a run has begun, or twice, it stops at once.

    Stopping at once raises KeyboardInterrupt. Signals that are ignored, as under nohup, stay so.
    Where the main thread does not get to either in time, a deadline ends the process.

    Attributes:
        received: the first signal, if one has come, here or to another process of the run.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._seconds = 0.0
        self._is_over = False
        self._exit_code: int | None = None
        self._deadline = Deadline(self._note)

    def __enter__(self) -> Self:
        self._handling = handling(self._handle)
        self._handling.__enter__()
        self._deadline.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._deadline.close()
        self._handling.__exit__(kind, error, traceback)
        if self._is_over:  # torchrun ends the others as soon as the first one has ended
            handling(lambda number, frame: os._exit(self.exit_code)).__enter__()
            atexit.register(ignore)  # a handler is forgotten before the process has ended

    def carrying_out(self, run: CarriedOut) -> AbstractContextManager[None]:
        """Stop a run so, while it is carried out."""
        return self._deadline.carrying_out(run)

    def __call__(self) -> bool:
        """Return whether a signal has come."""
        return self.received is not None

    def end(self, group: "ProcessGroup", exit_code: int | None = None) -> None:
        """Let all processes end alike, now that each has stopped; further signals do nothing.

        Args:
            group: the processes of the run.
            exit_code: theirs; by default that of the signal that any of them got.
        """
        self._is_over, self._exit_code = True, exit_code
        from bsgrow.training.group.process_group import LostProcessError

        with suppress(LostProcessError):  # it has ended before
            received = max(group.gather(int(self.received or 0)))
            self.received = signal.Signals(received or signal.SIGINT)

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, as shells count it, unless ``end`` was told another."""
        return self._exit_code or 128 + (self.received or signal.SIGINT)

    def _note(self, number: int) -> None:
        if number and self.received is None:
            self.received = signal.Signals(number)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._is_over or self._deadline.has_come:
            return
        again, now = self._seconds > 0, time.monotonic()
        if again and now - self._seconds < _repeat_seconds():
            return
        self._note(number)
        self._seconds = now
        run = self._deadline.carried_out
        if again or run is None or not run.emergency.is_prepared:
            interrupt(number, frame)
        elif not run.group.rank and sys.stderr is not None:
            # Not print: a signal may come in the middle of one.
            os.write(sys.stderr.fileno(), _MESSAGE.encode())


def _repeat_seconds() -> float:
    return _REPEAT_SECONDS_LAUNCHED if is_launched() else _REPEAT_SECONDS
