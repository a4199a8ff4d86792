"""Which checkpoints of a folder stay: the newest, and the best by the held-out samples."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from bsgrow.files.atomic import naming, remove_temporaries
from bsgrow.files.regular import read_regular
from bsgrow.training.checkpoint.folder import (
    FILE_NAME,
    checkpoints_in,
    manifest_of,
    num_updates_of,
)
from bsgrow.training.checkpoint.manifest import LARGEST_MANIFEST, is_better, parse_manifest
from bsgrow.training.step import Metrics

NUM_KEPT: Final = 2
"""Checkpoints that are kept beside the best one, where nobody says how many."""


def keep_newest(
    folder: Path, newest: Path, num_kept: int = NUM_KEPT, *, keep_best: bool = True
) -> None:
    """Remove all but a checkpoint, the ones before it that have a manifest, and the best of them.

    The best is the one at whose update the model did best on the held-out samples: the most of them
    right, then the least loss, then the earliest; one at whose update they were not evaluated is
    none. What is newer than ``newest`` is not whole, or of a future that a resume has left;
    temporary files are left by a kill.

    Args:
        folder: of a run's checkpoints.
        newest: was written just now.
        num_kept: checkpoints that are kept beside the best, with the newest; 1 or more.
        keep_best: whether the best stays however old it is.

    Raises:
        BsgrowError: if a file cannot be removed, or a manifest may not be read.
    """
    checkpoints = checkpoints_in(folder)
    earlier = [p for p in checkpoints[: checkpoints.index(newest)] if manifest_of(p).exists()]
    whole = [*earlier, newest]
    best = _best_of(whole)[0] if keep_best else None
    kept = {*whole[-num_kept:], best}
    with naming(folder, "clean up"):
        for path in set(checkpoints) - kept:
            _remove(manifest_of(path))
            _remove(path)
        remove_temporaries(folder, FILE_NAME.fullmatch)


def best_tested(folder: Path, num_updates: int) -> Metrics | None:
    """Return what the best of a folder's checkpoints gave, of those up to an update.

    Raises:
        BsgrowError: if the folder, or a manifest in it, may not be read.
    """
    return _best_of([p for p in checkpoints_in(folder) if num_updates_of(p) <= num_updates])[1]


def whole_checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints that were written to their end, oldest first."""
    return [path for path in checkpoints_in(folder) if manifest_of(path).exists()]


def best_checkpoint(folder: Path) -> Path | None:
    """Return the best of a folder's checkpoints, as ``keep_newest`` has it; None where none is.

    Raises:
        BsgrowError: if the folder, or a manifest in it, may not be read.
    """
    return _best_of(whole_checkpoints(folder))[0]


def _best_of(paths: list[Path]) -> tuple[Path | None, Metrics | None]:
    best: tuple[Path | None, Metrics | None] = None, None
    for path in paths:
        tested = tested_at(path)
        if tested is not None and is_better(tested, best[1]):
            best = path, tested
    return best


def tested_at(path: Path) -> Metrics | None:
    """Return what the held-out samples gave at the update of a checkpoint, if that is known."""
    with naming(manifest_of(path), "read"):
        try:
            content = read_regular(manifest_of(path), LARGEST_MANIFEST, follow_link=False)
        except PermissionError:
            raise
        except OSError:  # not there, or not what this program writes
            return None
    manifest = parse_manifest(content)
    return manifest and manifest.tested


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError, IsADirectoryError):  # no folder is ours
        path.unlink()
