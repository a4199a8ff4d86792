"""The archive that ``torch.save`` writes, taken apart without trusting it.

It is a zip of stored entries: ``data.pkl``, which describes the state, and ``data/<key>`` for the
bytes of each storage. Nothing is unfolded, and no more is read than the bounds say.
"""

import os
import struct
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, Final, cast

SMALLEST_INDEX: Final = 2**18
"""The least that ``largest_index`` may be, in bytes: a zip's comment alone may take a quarter."""

_CHUNK = 2**17  # bytes
_ENCRYPTED = 0x1
_PICKLE, _BYTE_ORDER, _STORAGES = "data.pkl", "byteorder", "data/"
# Bytes that are no zip reach any of these in zipfile.
_WHAT_UNZIPPING_RAISES = (
    zipfile.BadZipFile,
    struct.error,
    RuntimeError,
    EOFError,
    LookupError,
    ValueError,
)


class NoCheckpointError(Exception):
    """A file is not what ``save_checkpoint`` writes; its text completes "it is not one: "."""


class Archive:
    """The entries of an archive.

    Memory is a few times ``largest_index``, and time that of reading as much.

    Args:
        file: open to read; stays open.
        largest_index: bytes that the zip's directory of entries, and the pickle, may take each.

    Raises:
        NoCheckpointError: it is no such archive.
    """

    def __init__(self, file: BinaryIO, largest_index: int) -> None:
        self._largest_index = largest_index
        with _explained():
            self._zip = zipfile.ZipFile(cast("IO[bytes]", _Bounded(file, largest_index)))
        self._entries = _checked_entries(self._zip.infolist())
        order = self._small(_BYTE_ORDER) if _BYTE_ORDER in self._entries else b"little"
        if order != sys.byteorder.encode():
            raise NoCheckpointError(f"its numbers are not {sys.byteorder}-endian")

    def pickle(self) -> bytes:
        """Return the description of the state."""
        return self._small(_PICKLE)

    def storages(self) -> dict[str, int]:
        """Return the bytes of each storage, by its key."""
        return {
            name.removeprefix(_STORAGES): entry.file_size
            for name, entry in self._entries.items()
            if name.startswith(_STORAGES)
        }

    def read_storage(self, key: str, into: memoryview) -> None:
        """Fill as many bytes as a storage has with it; raises NoCheckpointError if it is damaged.

        Args:
            key: of a storage that is there.
            into: bytes.
        """
        with _explained(), self._zip.open(self._entries[_STORAGES + key]) as file:
            for start in range(0, len(into), _CHUNK):
                part = into[start : start + _CHUNK]
                part[:] = file.read(len(part))  # a ValueError where there is less

    def _small(self, name: str) -> bytes:
        entry = self._entries.get(name)
        if entry is None:
            raise NoCheckpointError(f"it has no entry {name}")
        if entry.file_size > self._largest_index:
            raise NoCheckpointError(f"its {name} is larger than {self._largest_index} bytes")
        with _explained():
            return self._zip.read(entry)


class _Bounded:
    """A file to zipfile, which reads the whole directory at once: refused where it is too large."""

    def __init__(self, file: BinaryIO, largest: int) -> None:
        self._file, self._largest = file, largest
        self._size = file.seek(0, os.SEEK_END)

    def read(self, size: int = -1) -> bytes:
        if size > self._largest:
            raise NoCheckpointError(f"its index is larger than {self._largest} bytes")
        return self._file.read(self._largest if size < 0 else size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_SET and not 0 <= offset <= self._size:
            raise NoCheckpointError("its index names what lies outside of it")
        return self._file.seek(offset, whence)

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()


def _checked_entries(found: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Return the entries by their names without the folder that all are in."""
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in found:
        name = entry.filename.partition("/")[2]
        stored = entry.compress_type == zipfile.ZIP_STORED and not entry.flag_bits & _ENCRYPTED
        if not stored or entry.file_size != entry.compress_size:
            raise NoCheckpointError(f"its entry {name!r} is compressed or encrypted")
        if name in entries:
            raise NoCheckpointError(f"it has two entries {name!r}")
        entries[name] = entry
    return entries


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except _WHAT_UNZIPPING_RAISES as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise NoCheckpointError(reason) from error
