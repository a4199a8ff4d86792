"""Ctrl-C and SIGTERM: finish the update, write a checkpoint, say how to go on."""

import os
import signal
import sys
import time
from types import FrameType, TracebackType
from typing import Self

from bsgrow.cli.interrupt import interrupt
from bsgrow.processes.signals import handling

_REPEAT_SECONDS = 0.5  # a terminal and a wrapper may both pass on the same Ctrl-C
_MESSAGE = "\nnote: stopping after this update; once more to stop at once\n"


class StopRequest:
    """While entered, a signal asks to stop; before training has begun, or twice, it stops at once.

    Stopping at once raises KeyboardInterrupt. Signals that are ignored, as under nohup, stay so.

    Attributes:
        graceful: whether there is something to finish; set it when training has begun.
        received: the first signal, if one has come.
    """

    def __init__(self) -> None:
        self.graceful = False
        self.received: signal.Signals | None = None
        self._seconds = 0.0

    def __enter__(self) -> Self:
        self._handling = handling(self._handle)
        self._handling.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._handling.__exit__(kind, error, traceback)

    def __call__(self) -> bool:
        """Return whether a signal has come."""
        return self.received is not None

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, as shells count it."""
        return 128 + (self.received or signal.SIGINT)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        again, now = self.received is not None, time.monotonic()
        if again and now - self._seconds < _REPEAT_SECONDS:
            return
        self.received, self._seconds = self.received or signal.Signals(number), now
        if again or not self.graceful:
            interrupt(number, frame)
        if sys.stderr is not None:
            # Not print: a signal may come in the middle of one.
            os.write(sys.stderr.fileno(), _MESSAGE.encode())
