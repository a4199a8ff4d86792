"""The end of a process that was asked to stop, whether its main thread gets to it or not."""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import active_children
from typing import TYPE_CHECKING, NamedTuple

from bsgrow.errors import BsgrowError
from bsgrow.processes.signals import SIGNALS

if TYPE_CHECKING:
    from bsgrow.training.emergency import Emergency
    from bsgrow.training.group.process_group import ProcessGroup

SECONDS = 4.0
"""In which the main thread may end by itself."""

_SECONDS_BEHIND = 1.0  # rank 0, which has something to write
_SECONDS_TO_SAY = 2.0
_POLL_SECONDS = 0.25
_CLOSED = b"\0"


class CarriedOut(NamedTuple):
    """A run that is carried out.

    Attributes:
        emergency: how it is left.
        group: the processes that carry it out.
        say: tells the user what came of it.
    """

    emergency: "Emergency"
    group: "ProcessGroup"
    say: Callable[[BsgrowError], object]


class Deadline:
    """Ends the process where it was asked to stop and does not end by itself in time.

    A signal is seen at once, though Python's handlers wait for the main thread, which may compute,
    hang, or wait for another process; and so is that another process of the run got one.

    Args:
        on_stop: called with the number of the first signal, here or elsewhere, from a thread.
        end: ends the process with an exit code.

    Attributes:
        has_come: whether the process is being ended.
        carried_out: the run that is carried out, if there is one.
    """

    def __init__(
        self, on_stop: Callable[[int], object], end: Callable[[int], object] = os._exit
    ) -> None:
        self._on_stop, self._end = on_stop, end
        self.carried_out: CarriedOut | None = None
        self._begun = 0.0
        self._closed, self._ending = threading.Event(), threading.Lock()
        self.has_come = False

    def open(self) -> None:
        """Begin to look for signals; from the main thread."""
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._run, name="bsgrow-deadline", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look for no more signals; from the main thread, which may wait for its end here."""
        signal.set_wakeup_fd(self._before)
        self._closed.set()
        os.write(self._writer, _CLOSED)
        self._thread.join()
        os.close(self._reader)
        os.close(self._writer)

    @contextmanager
    def carrying_out(self, run: CarriedOut) -> Iterator[None]:
        """Leave a run so, while it is carried out."""
        self.carried_out = run
        try:
            yield
        finally:
            with self._ending:  # for ever, where the process is being ended
                self.carried_out, self._begun = None, time.monotonic()

    def _run(self) -> None:
        number = self._asked()
        if not number:
            return
        self._begun = time.monotonic()
        if (carried_out := self.carried_out) is not None:
            carried_out.group.ask_to_stop(number)
        self._on_stop(number)
        while not self._closed.wait(_POLL_SECONDS if self._seconds() else 0.0):
            if time.monotonic() - self._begun >= self._seconds():
                with self._ending:
                    self.has_come = True
                    self._leave(number)
                return

    def _asked(self) -> int:
        """Return the first signal, here or of another process; 0 once this is closed."""
        while True:
            if select.select([self._reader], [], [], _POLL_SECONDS)[0]:
                for number in os.read(self._reader, 64):
                    if number in SIGNALS or number == _CLOSED[0]:
                        return number
            carried_out = self.carried_out
            if carried_out is not None and (number := carried_out.group.stop_signal()):
                return number

    def _seconds(self) -> float:
        """Return how long the main thread may take to end by itself."""
        carried_out = self.carried_out
        if carried_out is None:
            return SECONDS
        behind = _SECONDS_BEHIND if carried_out.group.rank else 0.0
        return behind + (SECONDS if carried_out.emergency.waits else 0.0)

    def _leave(self, number: int) -> None:
        carried_out = self.carried_out
        if carried_out is None:
            self._end(128 + number)
            return

        def finish(error: BsgrowError) -> None:
            from bsgrow.training.emergency import InterruptedRunError

            code = 128 + number if isinstance(error, InterruptedRunError) else error.exit_code
            late = threading.Timer(_SECONDS_TO_SAY, self._end, [code])  # a pipe may be full
            late.daemon = True
            late.start()
            with suppress(Exception):
                carried_out.say(error)
                sys.stdout.flush()
            late.cancel()
            for child in active_children():
                child.kill()
            self._end(code)

        carried_out.emergency.leave(finish)


def _leave_wakeups_to_the_parent() -> None:
    """A forked child inherits where signals are noted, and would note those that it gets."""
    if threading.current_thread() is threading.main_thread():
        signal.set_wakeup_fd(-1)


os.register_at_fork(after_in_child=_leave_wakeups_to_the_parent)
