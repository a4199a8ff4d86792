"""A folder of checkpoint files, each of which is whole or does not count.

``update-<index>.pt`` holds the state after that many updates, and ``update-<index>.json``, its
manifest, the size and SHA-256 of that file. The manifest is written last and removed first, so a
file that has one was whole once, and the digest says whether it still is. Where the held-out
samples were evaluated after that very update, the manifest has what they gave as well, and the
best of a run is told by it.
"""

import hashlib
import mmap
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, TypeVar, cast

from bsgrow.errors import InputError
from bsgrow.files.atomic import naming, write_atomically
from bsgrow.files.regular import opened_regular, read_regular
from bsgrow.text.command import argument, quoted
from bsgrow.training.checkpoint.manifest import (
    LARGEST_MANIFEST,
    HashingWriter,
    Manifest,
    parse_manifest,
)
from bsgrow.training.step import Metrics

_Taken = TypeVar("_Taken")
FILE_NAME: Final = re.compile(r"update-([0-9]{9}|[1-9][0-9]{9,})\.(pt|json)")
"""Of a checkpoint, or of its manifest."""


class Skipped(NamedTuple):
    """A checkpoint that does not count, and why."""

    path: Path
    reason: str

    @property
    def was_whole(self) -> bool:
        """Whether it was written to its end once, and damaged since."""
        return manifest_of(self.path).exists()


class Newest(NamedTuple):
    """The newest whole checkpoint, or None, and the newer ones that are not whole."""

    path: Path | None
    skipped: tuple[Skipped, ...]


def checkpoint_path(folder: Path, update_index: int) -> Path:
    """Return where the checkpoint after that many updates belongs."""
    return folder / f"update-{update_index:09d}.pt"


def num_updates_of(path: Path) -> int:
    """Return after how many updates a checkpoint was written, as its name says."""
    match = FILE_NAME.fullmatch(path.name)
    assert match is not None, "a path from checkpoint_path"
    return int(match[1])


def write_checkpoint_file(
    path: Path,
    write: Callable[[HashingWriter], object],
    tested: Metrics | None = None,
    check: Callable[[], object] = lambda: None,
) -> None:
    """Write a checkpoint file and then its manifest, each atomically.

    Args:
        path: from ``checkpoint_path``; its folder exists.
        write: writes the content.
        tested: what the held-out samples gave after that update, if they were evaluated.
        check: called before each write; raises to end it.

    Raises:
        BsgrowError: if the disk is full, the folder read-only, …; the file then does not count.
    """
    manifests: list[Manifest] = []

    def write_and_digest(file: BinaryIO) -> None:
        writer = HashingWriter(file, check)
        write(writer)
        manifests.append(writer.manifest(tested))

    write_atomically(path, write_and_digest)
    write_atomically(manifest_of(path), lambda file: file.write(manifests[0].to_json()))


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
    for path in reversed(checkpoints_in(folder)):
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
    return _looked_at(path, largest, lambda file: None)[0]


def map_whole(path: Path, largest: int) -> memoryview:
    """Return the content of a checkpoint, mapped, after it was compared with its manifest.

    The pages are those of the file, which all processes that map it share; what is written to them
    stays in this process. All of it was read before, through the same descriptor, so that a disk
    that fails is an error and no signal. A file that is replaced or removed meanwhile, as a run
    does, stays as it was for who has mapped it. One that somebody else cuts short in its place ends
    the process by SIGBUS, which nothing here can prevent.

    Args:
        path: of the checkpoint.
        largest: bytes that one of the run may have.

    Raises:
        InputError: it does not count, or has more bytes than ``largest``.
        BsgrowError: it may not be read.
    """
    reason, content = _looked_at(path, largest, _mapped)
    if content is None:
        raise InputError(f"{path} is not a whole checkpoint: {reason}", hint=without(path))
    return content


def _looked_at(
    path: Path, largest: int, take: Callable[[BinaryIO], _Taken]
) -> tuple[str | None, _Taken | None]:
    """Return why a checkpoint does not count, or else what is taken from the file."""
    with naming(path, "read"):
        try:
            manifest = read_regular(manifest_of(path), LARGEST_MANIFEST, follow_link=False)
            with opened_regular(path, follow_link=False) as file:
                reason = _difference(path, file, manifest, largest)
                return reason, take(file) if reason is None else None
        except PermissionError:
            raise
        except OSError as error:
            return _why_unread(error, path), None


def _mapped(file: BinaryIO) -> memoryview:
    if not os.fstat(file.fileno()).st_size:  # nothing can be mapped
        return memoryview(b"")
    return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))


def without(path: Path) -> str:
    """Return a hint how to do without a checkpoint."""
    remove = quoted("rm", "-f", *(argument(str(each)) for each in (path, manifest_of(path))))
    return (
        f"go on from an older one, or from the start, after: {remove}; "
        "or start anew in another --out folder"
    )


def _difference(path: Path, file: BinaryIO, manifest: bytes, largest: int) -> str | None:
    """Return how a file differs from what its manifest says, size first, or None."""
    expected = parse_manifest(manifest)
    if expected is None:
        return "its manifest is damaged"
    size = os.fstat(file.fileno()).st_size
    if expected.size == size > largest:
        raise InputError(
            f"{path} has {size} bytes, and no checkpoint of this run more than {largest}",
            hint=without(path),
        )
    if expected.size != size or expected.sha256 != _sha256(file):
        return f"its {size} bytes are not those that were written"
    return None


def _why_unread(error: OSError, path: Path) -> str:
    of_manifest = error.filename == str(manifest_of(path))
    if of_manifest and isinstance(error, FileNotFoundError):
        return "it has no manifest, so writing it was cut short"
    return f"{'its manifest' if of_manifest else 'it'} cannot be read: {error.strerror}"


def checkpoints_in(folder: Path) -> list[Path]:
    """Return the checkpoints, whole or not, that a file or a manifest speaks of, oldest first."""
    with naming(folder, "read"):
        try:
            names = [path.name for path in folder.iterdir()]
        except FileNotFoundError:
            return []
    indices = {int(match[1]) for name in names if (match := FILE_NAME.fullmatch(name))}
    return [checkpoint_path(folder, index) for index in sorted(indices)]


def manifest_of(path: Path) -> Path:
    """Return where the manifest of a checkpoint belongs."""
    return path.with_suffix(".json")


def _sha256(file: BinaryIO) -> str:
    return hashlib.file_digest(cast("Any", file), "sha256").hexdigest()
