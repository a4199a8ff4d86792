"""A folder of checkpoint files, each of which is whole or does not count.

``update-<index>.pt`` holds the state after that many updates, and ``update-<index>.json``, its
manifest, the size and SHA-256 of that file. The manifest is written last and removed first, so a
file that has one was whole once, and the digest says whether it still is.
"""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from bsgrow.files.atomic import naming, remove_temporaries, write_atomically

NUM_KEPT = 2
_NAME = re.compile(r"update-(\d+)\.(pt|json)")


class Skipped(NamedTuple):
    """A checkpoint that does not count, and why."""

    path: Path
    reason: str

    @property
    def was_whole(self) -> bool:
        """Whether it was written to its end once, and damaged since."""
        return _manifest(self.path).exists()


class Newest(NamedTuple):
    """The newest whole checkpoint, or None, and the newer ones that are not whole."""

    path: Path | None
    skipped: tuple[Skipped, ...]


class HashingWriter:
    """Passes bytes on to a file, and keeps their number and SHA-256.

    torch turns what ``write`` raises into errors of its own, so the first is kept in ``error``
    and the rest of the bytes are dropped.

    Args:
        stream: the file.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.error: BaseException | None = None
        self._stream = stream
        self._size = 0
        self._sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Write the bytes, or note why not; returns their number."""
        if self.error is None:
            try:
                self._stream.write(data)
            except BaseException as error:  # an interrupt too: torch would hide it as well
                self.error = error
        self._size += len(data)
        self._sha256.update(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing; torch asks for it, and the stream's owner flushes it."""

    def manifest(self) -> dict[str, Any]:
        """Return the size in bytes and the SHA-256 of what was written; raise what went wrong."""
        if self.error is not None:
            raise self.error
        return {"size": self._size, "sha256": self._sha256.hexdigest()}


def checkpoint_path(folder: Path, update_index: int) -> Path:
    """Return where the checkpoint after that many updates belongs."""
    return folder / f"update-{update_index:09d}.pt"


def write_checkpoint_file(path: Path, write: Callable[[HashingWriter], object]) -> None:
    """Write a checkpoint file and then its manifest, each atomically.

    Args:
        path: from ``checkpoint_path``; its folder exists.
        write: writes the content.

    Raises:
        BsgrowError: if the disk is full, the folder read-only, …; the file then does not count.
    """
    manifest: dict[str, Any] = {}

    def write_and_digest(stream: BinaryIO) -> None:
        writer = HashingWriter(stream)
        write(writer)
        manifest.update(writer.manifest())

    write_atomically(path, write_and_digest)
    write_atomically(_manifest(path), lambda stream: stream.write(json.dumps(manifest).encode()))


def newest_whole_checkpoint(folder: Path) -> Newest:
    """Find where to resume: the newest checkpoint whose bytes are those that were written.

    Args:
        folder: of a run's checkpoints; one that is not there has none.

    Raises:
        BsgrowError: if the folder, or a file in it, may not be read.
    """
    skipped: list[Skipped] = []
    for path in reversed(_checkpoints(folder)):
        if (reason := defect(path)) is None:
            return Newest(path, tuple(skipped))
        skipped.append(Skipped(path, reason))
    return Newest(None, tuple(skipped))


def defect(path: Path) -> str | None:
    """Return why a checkpoint does not count, or None for a whole one.

    Raises:
        BsgrowError: if the file or its manifest may not be read.
    """
    if not _manifest(path).exists():
        return "it has no manifest, so writing it was cut short"
    with naming(path, "read"):
        try:
            manifest = json.loads(_manifest(path).read_bytes())
            size = path.stat().st_size
            sha256 = _sha256(path)
        except ValueError:
            return "its manifest is damaged"
        except PermissionError:
            raise
        except OSError as error:
            return f"it cannot be read: {error.strerror}"
    return (
        None
        if manifest == {"size": size, "sha256": sha256}
        else (f"its {size} bytes are not those that were written")
    )


def keep_newest(folder: Path, newest: Path) -> None:
    """Remove all but a checkpoint and the ones before it that have a manifest, two in all.

    What is newer than ``newest`` is not whole, or of a future that a resume has left; temporary
    files are left by a kill.

    Raises:
        BsgrowError: if a file cannot be removed.
    """
    checkpoints = _checkpoints(folder)
    earlier = [p for p in checkpoints[: checkpoints.index(newest)] if _manifest(p).exists()]
    kept = {newest, *earlier[-(NUM_KEPT - 1) :]}
    with naming(folder, "clean up"):
        for path in set(checkpoints) - kept:
            _manifest(path).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        remove_temporaries(folder, _NAME.fullmatch)


def _checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints, whole or not, that a file or a manifest speaks of, oldest first."""
    with naming(folder, "read"):
        try:
            names = [path.name for path in folder.iterdir()]
        except FileNotFoundError:
            return []
    indices = {int(match[1]) for name in names if (match := _NAME.fullmatch(name))}
    return [checkpoint_path(folder, index) for index in sorted(indices)]


def _manifest(path: Path) -> Path:
    return path.with_suffix(".json")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
