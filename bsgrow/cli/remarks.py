"""Warnings of the library as notes on stderr, each once a command."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_LIBRARY = logging.getLogger("bsgrow")


class _Notes(logging.Handler):
    """Writes a note for each warning that is new: a plan and its run list a folder twice."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._seen: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        from bsgrow.cli.console import note

        message = record.getMessage()
        if message not in self._seen:
            self._seen.add(message)
            note(message)


@contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Show what the library warns of while entered."""
    handler = _Notes()
    _LIBRARY.addHandler(handler)
    try:
        yield
    finally:
        _LIBRARY.removeHandler(handler)
