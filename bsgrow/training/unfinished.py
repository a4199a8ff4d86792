"""The run that a bare ``--resume`` goes on with: the newest one that is not finished."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bsgrow.command import Command
from bsgrow.errors import BsgrowError, InputError
from bsgrow.files.lock import is_locked
from bsgrow.recipe import load_recipe
from bsgrow.training.run_directory import RunDirectory

_NAMED = f"name the folder of a run: {Command(('train', '--resume', '--out', 'DIR'))}"


def newest_unfinished_run(folder: Path) -> RunDirectory:
    """Return the run below a folder that was worked on last, of those that are not finished.

    A run is a directory with a ``recipe.toml`` that can be read; it is finished once it has its
    ``summary.json``. When it was worked on, its events and checkpoints say, or its recipe where it
    has none yet. One that another process is training is passed over.

    Raises:
        InputError: there is none; the message says what there is instead.
    """
    runs = [RunDirectory(path) for path in _run_folders(folder)]
    passed_over = {run.path: reason for run in runs if (reason := _passed_over(run))}
    unfinished = [run for run in runs if run.path not in passed_over]
    if not unfinished:
        raise InputError(f"--resume: {_none_is_there(folder, list(passed_over.values()))}", _NAMED)
    return max(unfinished, key=lambda run: (_worked_on(run), str(run.path)))


def _run_folders(folder: Path, seen: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """Yield the folders with a recipe, at any depth; links are followed, and in no circle."""
    real = folder.resolve()
    if real in seen or not folder.is_dir():
        return
    with suppress(OSError):  # one that may not be searched holds no run that can go on
        if (folder / "recipe.toml").exists():
            yield folder
            return
        for path in sorted(folder.iterdir()):
            yield from _run_folders(path, seen | {real})


def _passed_over(run: RunDirectory) -> str | None:
    """Return why a run does not go on; None for one that does."""
    try:
        load_recipe(str(run.recipe))
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
    """Return when events or checkpoints were last written, in nanoseconds since the epoch."""
    checkpoints = run.checkpoints.iterdir() if run.checkpoints.is_dir() else ()
    files = [path for path in (run.events, *checkpoints) if path.exists()] or [run.recipe]
    times: list[int] = [path.stat().st_mtime_ns for path in files]
    return max(times)
