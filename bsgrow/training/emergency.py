"""Ending a run from another thread than the one that trains, so that it can go on all the same."""

import threading
from collections.abc import Callable
from typing import NamedTuple

from bsgrow.errors import BsgrowError

_SECONDS = 3.0  # for the one that trains to make whole what it changes


class InterruptedRunError(BsgrowError):
    """The run was asked to stop; the message says what it is left with."""

    exit_code = 130  # 128 + SIGINT, as shells count it


class _Way(NamedTuple):
    lock: threading.Lock
    leave: Callable[[], BsgrowError]
    waits: bool


class Emergency:
    """Keeps what a run that has to end now is left with, whatever its main thread is busy with.

    A state is whole between two updates, and while the next one is computed: only what applies an
    update, and what an evaluation changes, must not be cut in two. The main thread holds a lock
    meanwhile; whoever ends the run takes it, writes what there is, and ends the process.
    """

    def __init__(self) -> None:
        self._way: _Way | None = None

    @property
    def is_prepared(self) -> bool:
        """Whether a run has begun that can be left."""
        return self._way is not None

    @property
    def waits(self) -> bool:
        """Whether the main thread ends by itself once it is asked to, if given the time."""
        return self._way is None or self._way.waits

    def prepare(
        self, lock: threading.Lock, leave: Callable[[], BsgrowError], *, waits: bool
    ) -> None:
        """Say how the run is left from now on.

        Args:
            lock: held by the main thread whenever there is nothing whole to leave.
            leave: called while it stands; returns what to say.
            waits: whether the main thread looks whether it is asked to stop.
        """
        self._way = _Way(lock, leave, waits)

    def leave(self, then: Callable[[BsgrowError], object], seconds: float = _SECONDS) -> None:
        """Leave the run, from another thread than the main one, which stands meanwhile.

        Args:
            then: told what came of it, while the main thread still stands; ends the process.
            seconds: after which a lock that is not let go of is given up, and nothing written.
        """
        way = self._way
        if way is None:
            then(InterruptedRunError("stopped at once"))
        elif way.lock.acquire(timeout=seconds):
            try:
                then(_outcome(way.leave))
            finally:
                way.lock.release()
        else:
            then(InterruptedRunError(f"stopped at once: a step did not end within {seconds:g} s"))


def _outcome(leave: Callable[[], BsgrowError]) -> BsgrowError:
    try:
        return leave()
    except BsgrowError as error:
        return error
    except Exception as error:  # it must end, and say why
        return BsgrowError(f"nothing could be written: {type(error).__name__}: {error}")
