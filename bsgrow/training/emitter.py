"""Where the events of a process go: into its log, and before a person's eyes."""

from collections.abc import Callable

from bsgrow.training.events.events import Event
from bsgrow.training.events.log import EventLog


class Emitter:
    """Logs each event, and shows it.

    That one cannot be shown, as where stderr is a closed pipe, ends the run: but not where only
    this process is, while the others go on to a place where they would wait for it. What fails is
    kept until they hear of it.

    Args:
        log: of this process.
        show: called with each event after it was logged.
    """

    def __init__(self, log: EventLog, show: Callable[[Event], None]) -> None:
        self._log, self._show = log, show
        self._error: Exception | None = None

    def __call__(self, event: Event) -> None:
        """Log and show an event; raises nothing but what ends a process at once."""
        try:
            failed = self._log.write(event)
            self._show(event)
            if failed is not None:
                self._show(failed)
        except Exception as error:
            self._error = self._error or error

    def raise_failed(self) -> None:
        """Raise what has failed until now; called where all processes hear of it."""
        if self._error is not None:
            raise self._error
