"""Which checkpoint of a run is meant: the best, the last, or that after so many updates."""

import re
from contextlib import suppress
from pathlib import Path

from bsgrow.errors import BsgrowError, InputError
from bsgrow.text.command import option, resume_command
from bsgrow.text.printable import cut, printable
from bsgrow.training.checkpoint.folder import num_updates_of
from bsgrow.training.checkpoint.keeping import best_checkpoint, whole_checkpoints
from bsgrow.training.events.failures import RunLeft
from bsgrow.training.events.log import events_in
from bsgrow.training.run_directory import RunDirectory

BEST, LAST = "best", "last"
_NUMBER = re.compile("[0-9]{1,18}")
_MOST_NAMED = 20


def find_checkpoint(directory: RunDirectory, which: str | int) -> Path:
    """Return the path of a checkpoint of a run.

    Args:
        directory: of the run.
        which: ``best``, at whose update the model did best on the held-out samples; ``last``; or
            a number of updates.

    Raises:
        InputError: there is none, or not that one; the message says which there are.
        BsgrowError: they may not be looked at.
    """
    there = whole_checkpoints(directory.checkpoints)
    if not there:
        raise InputError(
            f"{printable(directory.path)} has no checkpoint",
            hint=_without_checkpoint(directory),
        )
    if which == LAST:
        return there[-1]
    if which == BEST:
        return best_checkpoint(directory.checkpoints) or _none_evaluated(directory)
    if not _NUMBER.fullmatch(str(which)):
        raise InputError(
            f"checkpoint {cut(str(which))}: is none of best, last and a number of updates",
            hint=others(there),
        )
    found = (path for path in there if num_updates_of(path) == int(which))
    return next(found, None) or _none_after(which, there, directory)


def others(there: list[Path], unfit: Path | None = None) -> str:
    """Return a hint that names the checkpoints there are but one, which may be best or last."""
    fit = [path for path in there if path != unfit]
    if not fit:
        return "there is no other checkpoint: train anew, in another folder"
    numbers = [str(num_updates_of(path)) for path in fit[-_MOST_NAMED:]]
    names = (BEST, LAST) if unfit is None else ()
    options = [option("--checkpoint", which) for which in (*names, *numbers)]
    return f"take one that is there: {', '.join(options)}"


def _without_checkpoint(directory: RunDirectory) -> str:
    with suppress(BsgrowError):
        *_, last = events_in(directory.events)
        if isinstance(last, RunLeft) and last.why == "diverged":
            return "it diverged: train anew, in another folder, with a lower schedule.lr"
    return f"go on with its training: {resume_command(directory.path)}"


def _none_after(which: str | int, there: list[Path], directory: RunDirectory) -> Path:
    raise InputError(
        f"{printable(directory.path)} has no checkpoint after {which} updates",
        hint=others(there),
    )


def _none_evaluated(directory: RunDirectory) -> Path:
    raise InputError(
        f"{printable(directory.path)} has no best checkpoint: none was written at an evaluation",
        hint=f"take the last one: {option('--checkpoint', LAST)}",
    )
