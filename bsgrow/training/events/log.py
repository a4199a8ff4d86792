"""``events.jsonl``: an append-only file of events, cut back to a checkpoint on resume."""

import errno
import os
from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from threading import Lock
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
from bsgrow.training.events.as_json import from_json, shortened, to_json
from bsgrow.training.events.events import (
    CheckpointFailed,
    CheckpointSaved,
    Event,
    LogFailed,
    RunFinished,
    RunStarted,
    SampleSkipped,
)
from bsgrow.training.events.failures import RunLeft

_MOST_REMEMBERED = 1_000_000
_MOST_WAITING = 2**24  # bytes
_SAMPLE_SKIPPED = b'{"event": "sample_skipped", '  # as ``to_json`` begins it


class EventLog:
    """Appends events; each line is with the operating system when ``write`` returns.

    Where it cannot be, as on a full disk, a run goes on: the lines wait in memory, 16 MiB of them
    at most, and go before the next ones once there is room. Until then ``sync`` fails, so that no
    checkpoint relies on what is not there, and ``close`` does if there was none to the end.

    Args:
        path: the file; made if it is not there, appended to if it is.

    Raises:
        BsgrowError: if the file cannot be opened.
        InputError: if it is a link, has another name too, or is no regular file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._turn = Lock()  # of whoever writes: who ends the run does so from another thread
        self._waiting, self._num_lost = bytearray(), 0
        self._error: OSError | None = None
        with naming(path, "write"):
            self._descriptor = open_own(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, event: Event) -> LogFailed | None:
        """Append one event; return what is to be told where it could not be, as the first one.

        Texts of an event that makes a line too long to be read again are shortened.
        """
        with self._turn:
            was_whole = self._error is None
            self._append(event)
            self._flush()
            if self._error is None or not was_whole:
                return None
            failed = LogFailed(_logged_at(event), str(self.path), _reason(self._error))
            if not isinstance(event, RunFinished):  # which is the last one of a log
                self._append(failed)
            return failed

    def sync(self) -> None:
        """Put what was written on the disk; call it before a checkpoint that relies on it.

        Raises:
            BsgrowError: that failed, or some events could not be written yet.
        """
        with naming(self.path, "write"):
            if (error := self._error) is not None:
                raise OSError(error.errno, _reason(error))
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file; raises BsgrowError if events are lost."""
        self._flush()
        num_lost = self._waiting.count(b"\n") + self._num_lost
        with naming(self.path, "write"):
            os.close(self._descriptor)
            if num_lost:
                error = self._error or OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                raise OSError(error.errno, f"{_reason(error)}; its last {num_lost} events are lost")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
            return
        with suppress(BsgrowError):  # told when it began; the error is what ended the run
            self.close()

    def _append(self, event: Event) -> None:
        line = to_json(event)
        if len(line) >= LONGEST_LINE:
            line = to_json(shortened(event))
        if len(self._waiting) > _MOST_WAITING:
            self._num_lost += 1
        else:
            self._waiting += line.encode() + b"\n"

    def _flush(self) -> None:
        try:
            while self._waiting:
                del self._waiting[: os.write(self._descriptor, self._waiting)]
            self._error = None
        except OSError as error:
            self._error = error


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


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
    return not isinstance(event, RunFinished | RunLeft) and _logged_at(event) <= num_updates


def _logged_at(event: Event) -> int:
    """Return how many updates were made when an event was logged."""
    match event:
        case RunStarted():
            return event.first_update
        case CheckpointSaved() | CheckpointFailed():
            return max(event.num_updates, event.logged_at)
        case _:
            return event.num_updates


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
