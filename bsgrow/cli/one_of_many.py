"""What a command is to do that torchrun has started in several processes at once."""

import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bsgrow.errors import BsgrowError, InputError

_ALL_TAKE_PART = (("train",), ("doctor",), ("bench", "train"))
_FOR_ONE = (
    ("compare",),
    ("evaluate",),
    ("predict",),
    ("export",),
    ("bench", "loader"),
    ("data", "pack"),
)
_FOR_EACH_MACHINE = (("data", "fetch"),)
_SECONDS_TO_SAY_IT = 3.0
_HELP = {"-h", "--help", "--version"}


def is_left_to_another(words: Sequence[str]) -> bool:
    """Return whether another process does alone what all were started to do.

    The processes of a run take part in what trains; what prints is done by rank 0, and what fills
    the cache of a machine by the first one there.

    Args:
        words: of the command line, behind the program.

    Raises:
        InputError: the command is for a process that is alone; rank 0 says so.
    """
    if not _is_by_torchrun():
        return False
    from bsgrow.processes.launched import local_rank, rank, world_size
    from bsgrow.text.command import Command

    if world_size() == 1:
        return False
    if _HELP & {*words}:
        return rank() > 0
    if _first_of(_FOR_EACH_MACHINE, words):
        return local_rank() > 0
    if not rank() and (name := _first_of(_FOR_ONE, words)):
        raise InputError(
            f"{name} is for one process, and torchrun has started {world_size()}",
            hint=f"start it without torchrun: {Command(tuple(words))}",
        )
    return rank() > 0 and not _first_of(_ALL_TAKE_PART, words)


def refuse_usage(message: str) -> None:
    """Note what is wrong with the words of a command, which rank 0 shows; the others exit 0."""
    if _is_by_torchrun():
        from bsgrow.processes.launched import rank

        record_failure(BsgrowError(message))
        if rank() > 0:
            sys.exit()


def let_rank_0_say_it() -> None:
    """Wait a little: as soon as one process has ended, torchrun ends the others in mid-sentence."""
    time.sleep(_SECONDS_TO_SAY_IT)


def record_failure(error: BsgrowError) -> None:
    """Leave an error where torchrun looks for it, to be shown in its summary."""
    if path := os.environ.get("TORCHELASTIC_ERROR_FILE"):
        text = "\n".join(filter(None, (error.message, error.hint and f"hint: {error.hint}")))
        told = {"message": text, "extraInfo": {"timestamp": str(int(time.time()))}}
        with suppress(OSError):
            Path(path).write_text(json.dumps({"message": told}), "utf-8")


def _is_by_torchrun() -> bool:
    """Return whether torchrun started this process; imports little where it did not."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return False
    from bsgrow.processes.launched import is_by_torchrun

    return is_by_torchrun()


def _first_of(commands: Sequence[Sequence[str]], words: Sequence[str]) -> str:
    """Return the command that words begin with, of some; empty where there is none."""
    found = (each for each in commands if tuple(words[: len(each)]) == tuple(each))
    return " ".join(next(found, ()))
