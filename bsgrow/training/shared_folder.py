"""Whether all processes of a run see the folder that rank 0 keeps it in."""

import os
import platform
import secrets
import time
from contextlib import suppress
from pathlib import Path

from bsgrow.errors import InputError
from bsgrow.files.atomic import naming
from bsgrow.training.decisions import Decisions
from bsgrow.training.group.process_group import ProcessGroup, from_rank_0

SECONDS_TO_BE_SEEN = 30.0
"""For which NFS, by default, may go on saying that a new name is not there."""

_PAUSE = 0.5  # seconds


def require_shared(group: ProcessGroup, folder: Path) -> None:
    """Check that each process sees what rank 0 writes into a folder, that is there for it.

    Raises:
        InputError: one does not; on all of them alike, it names the rank, its machine and folder.
        EndedElsewhereError: rank 0 cannot write there.
    """
    if group.world_size == 1:
        return
    left = Decisions(group).together(lambda: None if group.rank else _leave_sign(folder))
    sign = folder / (from_rank_0(group, left) or "")
    told = group.gather((str(folder.absolute()), platform.node(), _is_seen(sign)))
    if group.rank == 0:
        sign.unlink(missing_ok=True)
    for rank, (path, machine, is_seen) in enumerate(told):
        if not is_seen:
            raise InputError(
                f"rank {rank} on {machine} does not see what rank 0 on {told[0][1]} wrote into "
                f"{told[0][0]}: {path} is another folder there, or none",
                hint="name a folder with --out that all machines share, by the same path on each",
            )


def _leave_sign(folder: Path) -> str:
    sign = folder / f".seen-{secrets.token_hex(8)}"
    with naming(sign, "write"):
        sign.touch(exist_ok=False)
    return sign.name


def _is_seen(sign: Path) -> bool:
    """Return whether a file is there, as soon as a network's file system says so."""
    deadline = time.monotonic() + SECONDS_TO_BE_SEEN
    while not sign.exists():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_PAUSE)
        with suppress(OSError):  # which lets some look again
            os.scandir(sign.parent.parent).close()
    return True
