"""The archive that ``torch.save`` writes, taken apart without trusting it.

It is a zip of stored entries: ``data.pkl``, which describes the state, and ``data/<key>`` for the
bytes of each storage. Nothing is unfolded or copied, and no more is looked at than the bounds say.
"""

import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final, cast

SMALLEST_INDEX: Final = 2**18
"""The least that ``largest_index`` may be, in bytes: a zip's comment alone may take a quarter."""

# APPNOTE 4.3.7: the header before an entry's bytes ends in the lengths of its name and extra field.
_HEADER, _SIGNATURE = struct.Struct("<4s22xHH"), b"PK\x03\x04"
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
        content: of the file; what is taken out of it are parts of it.
        largest_index: bytes that the zip's directory of entries, and the pickle, may take each.

    Raises:
        NoCheckpointError: it is no such archive.
    """

    def __init__(self, content: memoryview, largest_index: int) -> None:
        self._content, self._largest_index = content, largest_index
        with _explained():
            index = zipfile.ZipFile(cast("IO[bytes]", _Bounded(content, largest_index)))
        self._entries = _checked_entries(index.infolist())
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

    def storage(self, key: str) -> memoryview:
        """Return the bytes of a storage that is there; raises NoCheckpointError for damaged ones.

        They are those of the file, and compared with their CRC-32.
        """
        return self._bytes_of(self._entries[_STORAGES + key])

    def _small(self, name: str) -> bytes:
        entry = self._entries.get(name)
        if entry is None:
            raise NoCheckpointError(f"it has no entry {name}")
        if entry.file_size > self._largest_index:
            raise NoCheckpointError(f"its {name} is larger than {self._largest_index} bytes")
        return bytes(self._bytes_of(entry))

    def _bytes_of(self, entry: zipfile.ZipInfo) -> memoryview:
        name, begin = entry.filename.partition("/")[2], entry.header_offset
        if not 0 <= begin <= len(self._content) - _HEADER.size:
            raise NoCheckpointError("its index names what lies outside of it")
        signature, *lengths = _HEADER.unpack_from(self._content, begin)
        start = begin + _HEADER.size + sum(lengths)
        content = self._content[start : start + entry.file_size]
        if signature != _SIGNATURE or len(content) != entry.file_size:
            raise NoCheckpointError(f"its entry {name!r} is not where its index says")
        if zlib.crc32(content) != entry.CRC:
            raise NoCheckpointError(f"Bad CRC-32 of its entry {name!r}")
        return content


class _Bounded:
    """A file to zipfile, which reads the whole directory at once: refused where it is too large."""

    def __init__(self, content: memoryview, largest: int) -> None:
        self._content, self._largest, self._at = content, largest, 0

    def read(self, size: int = -1) -> bytes:
        if size > self._largest:
            raise NoCheckpointError(f"its index is larger than {self._largest} bytes")
        begin, most = self._at, self._largest if size < 0 else size
        self._at = min(begin + most, max(begin, len(self._content)))
        return bytes(self._content[begin : self._at])

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self._content)}[whence]
        if not 0 <= base + offset <= len(self._content):
            raise NoCheckpointError("its index names what lies outside of it")
        self._at = base + offset
        return self._at

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at


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
