"""The run that a bare ``--resume`` goes on with: the newest one that is not finished."""

import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from bsgrow.errors import BsgrowError, InputError
from bsgrow.files.lock import is_locked
from bsgrow.text.command import Command
from bsgrow.training.run_directory import RunDirectory

_MOST_NAMES = 1_000_000
_NAMED = f"name the folder of a run: {Command(('train', '--resume', '--out', 'DIR'))}"


def newest_unfinished_run(folder: Path) -> RunDirectory:
    """Return the run below a folder that was worked on last, of those that are not finished.

    A run is a directory with a ``recipe.toml`` that can be read; it is finished once it has its
    ``summary.json``. When it was worked on, its events and checkpoints say, or its recipe where it
    has none yet. One that another process is training is passed over.

    Each folder is looked into once, however many links lead to it, and a million names at most.

    Raises:
        InputError: there is none, and the message says what there is instead; or there are more
            names.
    """
    runs = map(RunDirectory, _run_folders(folder))
    latest_first = sorted(runs, key=lambda run: (_worked_on(run), str(run.path)), reverse=True)
    reasons: list[str] = []
    for run in latest_first:
        if (reason := _passed_over(run)) is None:
            return run
        reasons.append(reason)
    raise InputError(f"--resume: {_none_is_there(folder, reasons)}", _NAMED)


def run_launched_by(launchers: Iterable[str], folder: Path) -> RunDirectory | None:
    """Return the run below a folder whose processes one of these has started, finished or not."""
    runs = map(RunDirectory, _run_folders(folder))
    own = (run for run in runs if run.is_launched_by(launchers))
    return max(own, key=_worked_on, default=None)


def _run_folders(folder: Path) -> Iterator[Path]:
    """Yield the folders with a recipe, at any depth; what links lead to comes last."""
    pending, linked = [os.fspath(folder)], deque[str]()
    seen: set[tuple[int, int]] = set()
    num_names = 0
    while pending or linked:
        path = pending.pop() if pending else linked.popleft()
        if not _is_new_folder(path, seen):
            continue
        if os.path.lexists(RunDirectory(Path(path)).recipe):
            yield Path(path)
            continue
        with (
            suppress(OSError),
            os.scandir(path) as entries,
        ):  # one that may not be searched has none
            for entry in entries:
                num_names += 1
                if entry.is_symlink():
                    linked.append(entry.path)
                elif entry.is_dir():
                    pending.append(entry.path)
                _require_few(folder, num_names)


def _is_new_folder(path: str, seen: set[tuple[int, int]]) -> bool:
    """Whether a path leads to a folder that was not seen; it is then."""
    try:
        found = Path(path).stat()
    except OSError:
        return False
    place = (found.st_dev, found.st_ino)
    is_new = stat.S_ISDIR(found.st_mode) and place not in seen
    if is_new:
        seen.add(place)
    return is_new


def _require_few(folder: Path, num_names: int) -> None:
    if num_names > _MOST_NAMES:
        raise InputError(f"--resume: more than {_MOST_NAMES} names are below {folder}/", _NAMED)


def _passed_over(run: RunDirectory) -> str | None:
    """Return why a run does not go on; None for one that does."""
    try:
        run.read_recipe()
        finished = run.read_summary() is not None
    except BsgrowError:
        return "cannot be read"
    if finished:
        return "finished"
    return "in use by another process" if is_locked(run.path) else None


def _none_is_there(folder: Path, reasons: list[str]) -> str:
    if not reasons:
        return f"no run is below {folder}/"
    counts = (f"{reasons.count(reason)} {reason}" for reason in sorted(set(reasons)))
    return f"no unfinished run is below {folder}/, of {len(reasons)}: {', '.join(counts)}"


def _worked_on(run: RunDirectory) -> int:
    """Return when events or checkpoints were last written, in nanoseconds since the epoch.

    A folder is written when a checkpoint in it gets its name.
    """
    times = [*map(_written, (run.events, run.checkpoints))]
    return max(times) or _written(run.recipe)


def _written(path: Path) -> int:
    """Return when something was written, of a link that itself; 0 for what is not there."""
    try:
        return path.lstat().st_mtime_ns
    except OSError:
        return 0
