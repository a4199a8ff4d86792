"""``events.jsonl``: an append-only file of events, cut back to a checkpoint on resume."""

import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from bsgrow.errors import InputError
from bsgrow.files.atomic import naming, write_atomically
from bsgrow.files.regular import open_own
from bsgrow.training.events import Event, RunFinished, RunStarted, from_json, to_json


class EventLog:
    """Appends events; each line is with the operating system when ``write`` returns.

    Args:
        path: the file; made if it is not there, appended to if it is.

    Raises:
        BsgrowError: if the file cannot be written.
        InputError: if it is a link, has another name too, or is no regular file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with naming(path, "write"):
            descriptor = open_own(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._stream = os.fdopen(descriptor, "a", encoding="utf-8", buffering=1)

    def write(self, event: Event) -> None:
        """Append one event; raises BsgrowError if the file cannot be written."""
        with naming(self.path, "write"):
            self._stream.write(to_json(event) + "\n")

    def sync(self) -> None:
        """Put what was written on the disk; call it before a checkpoint that relies on it."""
        with naming(self.path, "write"):
            os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Close the file."""
        with naming(self.path, "write"):
            self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def read_events(path: Path) -> list[Event]:
    """Return the events of a file in order; a last line cut short by a kill is left out.

    Raises:
        BsgrowError: if the file cannot be read.
        InputError: if a line, other than one cut short at the end, is not an event.
    """
    with naming(path, "read"):
        text = path.read_bytes().decode("utf-8", errors="replace")
    whole_lines = text.split("\n")[:-1]
    return [_parse(path, number, line) for number, line in enumerate(whole_lines, start=1)]


def _parse(path: Path, number: int, line: str) -> Event:
    try:
        return from_json(line)
    except InputError as error:
        raise InputError(
            f"{path}, line {number}: {error.message}",
            hint="the file was changed by hand or damaged; remove that line to go on",
        ) from error


def truncate_after(path: Path, num_updates: int) -> None:
    """Rewrite the file atomically with only the events up to a checkpoint, before a resume.

    A line cut short, and everything logged later than the checkpoint, is dropped: the resumed run
    logs it again. What is logged at a checkpoint's own update must be written before it is saved.

    Args:
        path: the file; one that is not there stays so.
        num_updates: updates made at the checkpoint.

    Raises:
        BsgrowError: if the file cannot be read or written; it is then as it was.
        InputError: as ``read_events``.
    """
    if path.exists():
        kept = [event for event in read_events(path) if _happened_by(event, num_updates)]
        write_atomically(path, lambda stream: stream.write(_lines(kept)))


def _happened_by(event: Event, num_updates: int) -> bool:
    match event:
        case RunFinished():
            return False
        case RunStarted():
            return event.first_update <= num_updates
        case _:
            return event.num_updates <= num_updates


def _lines(events: Iterable[Event]) -> bytes:
    return "".join(to_json(event) + "\n" for event in events).encode()
