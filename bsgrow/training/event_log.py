"""``events.jsonl``: an append-only file of events, cut back to a checkpoint on resume."""

import os
from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from bsgrow.errors import BsgrowError, InputError
from bsgrow.files.atomic import naming
from bsgrow.files.lines import (
    LONGEST_LINE,
    blocks_of_lines,
    count_lines,
    end_of_whole_lines,
    line_around,
    whole_lines,
)
from bsgrow.files.regular import open_own, opened_regular
from bsgrow.training.event_json import from_json, shortened, to_json
from bsgrow.training.events import (
    CheckpointFailed,
    CheckpointSaved,
    Event,
    RunFinished,
    RunStarted,
    SampleSkipped,
)

_MOST_REMEMBERED = 1_000_000
_SAMPLE_SKIPPED = b'{"event": "sample_skipped", '  # as ``to_json`` begins it


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
        self._file = os.fdopen(descriptor, "a", encoding="utf-8", buffering=1)

    def write(self, event: Event) -> None:
        """Append one event; raises BsgrowError if the file cannot be written.

        Texts of an event that makes a line too long to be read again are shortened.
        """
        line = to_json(event)
        if len(line) >= LONGEST_LINE:
            line = to_json(shortened(event))
        with naming(self.path, "write"):
            self._file.write(line + "\n")

    def sync(self) -> None:
        """Put what was written on the disk; call it before a checkpoint that relies on it."""
        with naming(self.path, "write"):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        with naming(self.path, "write"):
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def events_in(path: Path) -> Iterator[Event]:
    """Yield the events of a file in order; a last line cut short by a kill is left out.

    One line of at most ``LONGEST_LINE`` bytes is in memory at a time.

    Raises:
        BsgrowError: if the file cannot be read.
        InputError: if a line, other than one cut short at the end, is not an event; or the file is
            a link or no regular one.
    """
    with naming(path, "read"), opened_regular(path, follow_link=False) as file:
        for number, line in enumerate(whole_lines(file, path), start=1):
            yield _parse(path, line, partial(int, number))


def read_events(path: Path) -> list[Event]:
    """Return all events of a file in order, in memory. Raises as ``events_in``."""
    return list(events_in(path))


def _parse(path: Path, line: bytes, number: Callable[[], int]) -> Event:
    """Return the event of a line; `number`, that of the line, is asked only where there is none."""
    try:
        return from_json(line.decode("utf-8", errors="replace"))
    except InputError as error:
        raise InputError(
            f"{path}, line {number()}: {error.message}",
            hint="the file was changed by hand or damaged; remove that line to go on",
        ) from error


def truncate_after(path: Path, num_updates: int) -> None:
    """Cut the file back to the events up to a checkpoint, before a resume.

    A line cut short, and everything logged later than the checkpoint, is dropped: the resumed run
    logs it again. What is logged at a checkpoint's own update must be written before it is saved.

    Events stand in the order of the updates at which they were logged, a checkpoint's at that at
    which it was known what came of it; so that the cut is found from the end of the file,
    by halving: of a file of n bytes, about 2 log2(n) lines are read, and no more.

    Args:
        path: the file; one that is not there stays so.
        num_updates: updates made at the checkpoint.

    Raises:
        BsgrowError: if the file cannot be read or written; it is then as it was.
        InputError: if a line that is read is not an event, or as ``EventLog``.
    """
    with naming(path, "cut back"):
        try:
            descriptor = open_own(path, os.O_RDWR)
        except FileNotFoundError:
            return
        try:
            cut = _find_cut(descriptor, path, num_updates)
            if cut < os.fstat(descriptor).st_size:
                os.ftruncate(descriptor, cut)
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _find_cut(descriptor: int, path: Path, num_updates: int) -> int:
    """Return where the first line begins that is later than a checkpoint, or is cut short.

    Every line before ``low`` is kept and every one from ``high`` on dropped. Steps back from the
    end double until a line is kept; from there on what is left between them is halved.
    """
    low, high, step = 0, end_of_whole_lines(descriptor, path), 1
    while low < high:
        start, line = line_around(descriptor, high - min(step, high - low), path)
        event = _parse(path, line, partial(_line_number, descriptor, start))
        if _happened_by(event, num_updates):
            low = start + len(line)
        else:
            high = start
        step = (high - low + 1) // 2 if low else 2 * step
    return high


def _line_number(descriptor: int, start: int) -> int:
    return 1 + count_lines(descriptor, start)


def _happened_by(event: Event, num_updates: int) -> bool:
    match event:
        case RunFinished():
            return False
        case RunStarted():
            return event.first_update <= num_updates
        case CheckpointSaved() | CheckpointFailed():
            return max(event.num_updates, event.logged_at) <= num_updates
        case _:
            return event.num_updates <= num_updates


class ReportedSamples(Container[str]):
    """Where the bad samples are that a log names; looked up when one is first asked for.

    That takes one pass, which parses the lines of such samples alone. A million are remembered at
    most, and those before a line that cannot be read; the others are as if they were not named.

    Args:
        path: the log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __contains__(self, where: object) -> bool:
        return hash(where) in self._hashes

    @cached_property
    def _hashes(self) -> set[int]:
        found: set[int] = set()
        with suppress(BsgrowError):
            found.update(islice(map(hash, _skipped_in(self._path)), _MOST_REMEMBERED))
        return found


def _skipped_in(path: Path) -> Iterator[str]:
    with naming(path, "read"), opened_regular(path, follow_link=False) as file:
        for block in blocks_of_lines(file, path):
            lines = block.split(b"\n") if _SAMPLE_SKIPPED in block else []
            for line in lines:
                if line.startswith(_SAMPLE_SKIPPED):
                    yield from _where(from_json(line.decode("utf-8", errors="replace")))


def _where(event: Event) -> list[str]:
    return [event.where] if isinstance(event, SampleSkipped) else []
