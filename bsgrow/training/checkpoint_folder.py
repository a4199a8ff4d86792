"""A folder of checkpoint files, each of which is whole or does not count.

``update-<index>.pt`` holds the state after that many updates, and ``update-<index>.json``, its
manifest, the size and SHA-256 of that file. The manifest is written last and removed first, so a
file that has one was whole once, and the digest says whether it still is.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from bsgrow.errors import InputError
from bsgrow.files.atomic import naming, remove_temporaries, write_atomically
from bsgrow.files.regular import opened_regular, read_regular
from bsgrow.text.command import argument, quoted

NUM_KEPT = 2
_NAME = re.compile(r"update-([0-9]{9}|[1-9][0-9]{9,})\.(pt|json)")
_LARGEST_MANIFEST = 2**12  # bytes


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
        file: open to write.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.error: BaseException | None = None
        self._file = file
        self._size = 0
        self._sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Write the bytes, or note why not; returns their number."""
        if self.error is None:
            try:
                self._file.write(data)
            except BaseException as error:  # an interrupt too: torch would hide it as well
                self.error = error
        self._size += len(data)
        self._sha256.update(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing; torch asks for it, and the file's owner flushes it."""

    def manifest(self) -> dict[str, Any]:
        """Return the size in bytes and the SHA-256 of what was written; raise what went wrong."""
        if self.error is not None:
            raise self.error
        return {"size": self._size, "sha256": self._sha256.hexdigest()}


def checkpoint_path(folder: Path, update_index: int) -> Path:
    """Return where the checkpoint after that many updates belongs."""
    return folder / f"update-{update_index:09d}.pt"


def num_updates_of(path: Path) -> int:
    """Return after how many updates a checkpoint was written, as its name says."""
    match = _NAME.fullmatch(path.name)
    assert match is not None, "a path from checkpoint_path"
    return int(match[1])


def write_checkpoint_file(path: Path, write: Callable[[HashingWriter], object]) -> None:
    """Write a checkpoint file and then its manifest, each atomically.

    Args:
        path: from ``checkpoint_path``; its folder exists.
        write: writes the content.

    Raises:
        BsgrowError: if the disk is full, the folder read-only, …; the file then does not count.
    """
    manifest: dict[str, Any] = {}

    def write_and_digest(file: BinaryIO) -> None:
        writer = HashingWriter(file)
        write(writer)
        manifest.update(writer.manifest())

    write_atomically(path, write_and_digest)
    write_atomically(_manifest(path), lambda file: file.write(json.dumps(manifest).encode()))


def newest_whole_checkpoint(folder: Path, largest: int = sys.maxsize) -> Newest:
    """Find where to resume: the newest checkpoint whose bytes are those that were written.

    Args:
        folder: of a run's checkpoints; one that is not there has none.
        largest: bytes that one of the run may have.

    Raises:
        InputError: if one is larger.
        BsgrowError: if the folder, or a file in it, may not be read.
    """
    skipped: list[Skipped] = []
    for path in reversed(_checkpoints(folder)):
        if (reason := defect(path, largest)) is None:
            return Newest(path, tuple(skipped))
        skipped.append(Skipped(path, reason))
    return Newest(None, tuple(skipped))


def defect(path: Path, largest: int = sys.maxsize) -> str | None:
    """Return why a checkpoint does not count, or None for a whole one.

    Memory is a few kilobytes, and time that of reading as many bytes as the largest has.

    Args:
        path: of the checkpoint.
        largest: bytes that one of the run may have.

    Raises:
        InputError: if it is larger, and its manifest says so too.
        BsgrowError: if the file or its manifest may not be read.
    """
    with naming(path, "read"):
        try:
            manifest = read_regular(_manifest(path), _LARGEST_MANIFEST, follow_link=False)
            with opened_regular(path, follow_link=False) as file:
                return _difference(path, file, manifest, largest)
        except PermissionError:
            raise
        except OSError as error:
            return _why_unread(error, path)


@contextmanager
def opened_whole(path: Path, largest: int) -> Iterator[BinaryIO]:
    """Open a checkpoint after its bytes were compared with its manifest.

    Raises:
        InputError: it does not count, or has more bytes than ``largest``.
        BsgrowError: it may not be read.
    """
    if (reason := defect(path, largest)) is not None:
        raise InputError(f"{path} is not a whole checkpoint: {reason}", hint=without(path))
    with naming(path, "read"), opened_regular(path, follow_link=False) as file:
        yield file


def without(path: Path) -> str:
    """Return a hint how to do without a checkpoint."""
    remove = quoted("rm", "-f", *(argument(str(each)) for each in (path, _manifest(path))))
    return (
        f"go on from an older one, or from the start, after: {remove}; "
        "or start anew in another --out folder"
    )


def _difference(path: Path, file: BinaryIO, manifest: bytes, largest: int) -> str | None:
    """Return how a file differs from what its manifest says, size first, or None."""
    try:
        expected = json.loads(manifest)
    except (ValueError, RecursionError):
        expected = None
    if not isinstance(expected, dict) or expected.keys() != {"size", "sha256"}:
        return "its manifest is damaged"
    size = os.fstat(file.fileno()).st_size
    if expected["size"] == size > largest:
        raise InputError(
            f"{path} has {size} bytes, and no checkpoint of this run more than {largest}",
            hint=without(path),
        )
    if expected["size"] != size or expected["sha256"] != _sha256(file):
        return f"its {size} bytes are not those that were written"
    return None


def _why_unread(error: OSError, path: Path) -> str:
    of_manifest = error.filename == str(_manifest(path))
    if of_manifest and isinstance(error, FileNotFoundError):
        return "it has no manifest, so writing it was cut short"
    return f"{'its manifest' if of_manifest else 'it'} cannot be read: {error.strerror}"


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
            _remove(_manifest(path))
            _remove(path)
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


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError, IsADirectoryError):  # no folder is ours
        path.unlink()


def _manifest(path: Path) -> Path:
    return path.with_suffix(".json")


def _sha256(file: BinaryIO) -> str:
    return hashlib.file_digest(cast("Any", file), "sha256").hexdigest()
