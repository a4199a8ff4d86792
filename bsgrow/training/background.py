"""Work in a thread beside training: what it raises is kept for whoever waits for it."""

import threading
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


class CancelledError(Exception):
    """Work in the background was given up, as its process is about to end."""


class Background:
    """Carries out one piece of work in a thread, which keeps no process alive.

    Args:
        work: is given what to call now and then, and may raise: it ends the work once that was
            cancelled.
    """

    def __init__(self, work: Callable[[Callable[[], None]], object]) -> None:
        self.error: BaseException | None = None
        self._work, self._cancelled = work, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin the work; once."""
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the work is not done yet."""
        return self._thread.is_alive()

    def wait(self, seconds: float | None = None) -> BaseException | None:
        """Wait for the end of the work, or so long at most; return what it raised."""
        self._thread.join(seconds)
        return self.error

    def cancel(self, seconds: float) -> None:
        """Let the work end where it next can, and wait so long for it at most."""
        self._cancelled.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self._work(self._check)
        except BaseException as error:
            self.error = error

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise CancelledError


def within(ask: Callable[[], Value], seconds: float) -> Value:
    """Return what a call returns, or give up: one that waits for what is gone never returns.

    Raises:
        TimeoutError: it does not in time; it goes on in a thread.
        BaseException: what it raised.
    """
    answers: list[Value] = []
    work = Background(lambda check: answers.append(ask()))
    work.start()
    if (error := work.wait(seconds)) is not None:
        raise error
    if not answers:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return answers[0]
