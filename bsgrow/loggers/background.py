"""Loggers beside training, which never waits for one: each on a thread, behind a queue."""

import math
import queue
import threading
from collections.abc import Mapping
from dataclasses import replace

from bsgrow.loggers.kept import Kept
from bsgrow.loggers.logger import Ended, LoggedRun, Logger
from bsgrow.loggers.registry import MakeLogger
from bsgrow.user_code.errors import first_line

FOLDER = "loggers"
"""In the run directory: what each logger needs to go on, a file each."""

_MOST_WAITING = 10_000  # events that a logger may be behind
_LAST = "last_sample"

_Item = tuple[int, Mapping[str, float]] | Ended


class BackgroundLogger:
    """Hands numbers to a logger on a thread of its own.

    What was logged before, in a part of the run that is made again, is not logged twice: unless the
    logger has ``takes_back``, as it then takes that part back by itself.

    Args:
        name: as ``run.loggers`` has it.
        make: makes it, on its thread.
        run: that begins, or goes on; what is kept of it is read from the run directory.

    Attributes:
        name: as ``run.loggers`` has it.
    """

    def __init__(self, name: str, make: MakeLogger, run: LoggedRun) -> None:
        self.name = name
        file = run.path / FOLDER / f"{name.replace(':', '.')}.json"
        self._make = make
        self._run = replace(run, kept=Kept(file))
        self._items: queue.Queue[_Item] = queue.Queue(_MOST_WAITING)
        self._error: str | None = None
        self._is_told = False
        self._thread = threading.Thread(target=self._work, name=f"logger {name}", daemon=True)
        self._thread.start()

    def log(self, metrics: Mapping[str, float], consumed_samples: int) -> None:
        """Hand over numbers; those that are not finite are left out."""
        finite = {name: value for name, value in metrics.items() if math.isfinite(value)}
        self._put((consumed_samples, finite))

    def close(self, ended: Ended, seconds: float) -> None:
        """Say how the run has ended, and wait for the logger so long at most."""
        self._put(ended)
        self._thread.join(seconds)
        if self._thread.is_alive():
            self._fail(f"it did not end within {seconds:g} s; what it had not sent yet may be lost")

    def take_failure(self) -> str | None:
        """Return what has gone wrong, the first time that it is asked for since."""
        if self._error is None or self._is_told:
            return None
        self._is_told = True
        return self._error

    def _put(self, item: _Item) -> None:
        if self._error is None:
            try:
                self._items.put_nowait(item)
            except queue.Full:
                self._fail(f"it is {_MOST_WAITING} events behind; it is given no more")

    def _fail(self, reason: str) -> None:
        self._error = self._error or reason

    def _work(self) -> None:
        """Make the logger and feed it until the run ends, or something fails."""
        try:
            logger = self._make(self._run)
            self._feed(logger)
        except BaseException as error:  # whatever it is, the run goes on
            self._fail(f"{type(error).__name__}: {first_line(error)}".removesuffix(": "))

    def _feed(self, logger: Logger) -> None:
        takes_back = getattr(logger, "takes_back", False)
        last = -1 if takes_back else int(self._run.kept.get(_LAST, -1))
        while not isinstance(item := self._items.get(), str):
            consumed_samples, metrics = item
            if consumed_samples > last and metrics:
                logger.log(metrics, consumed_samples)
                if not takes_back:
                    self._run.kept[_LAST] = str(consumed_samples)
        logger.close(item)
