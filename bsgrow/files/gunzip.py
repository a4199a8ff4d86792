"""The content of a gzip file (RFC 1952), a piece at a time, however much of it there is."""

import struct
import zlib
from typing import BinaryIO

MAGIC = b"\x1f\x8b"

_CHUNK = 1 << 16
_MOST_HEADER = 1 << 17  # extra fields have 64 KiB at most, a name a few hundred bytes
_MOST_MEMBERS = 1 << 16  # `bgzip` makes one of 64 KiB: 4 GiB; empty ones would take time alone
_HEADER, _TRAILER = struct.Struct("<2sBB6x"), struct.Struct("<II")
_HAS_SUM, _HAS_EXTRA, _HAS_NAME, _HAS_COMMENT = 2, 4, 8, 16


class Gunzip:
    """Unpacks as it is read: not a byte more than is asked for, and two chunks held beside it.

    Members that follow each other are one content, and zeros behind the last are padding, as for
    `gzip`. It takes as long as reading the packed file and what is asked for.

    Args:
        packed: the file, at its start.
    """

    def __init__(self, packed: BinaryIO) -> None:
        self._packed, self._input, self._num_members = packed, b"", 0
        self._is_at_end = False
        self._inflater, self._crc, self._num_bytes = zlib.decompressobj(-zlib.MAX_WBITS), 0, 0

    def read(self, num_bytes: int, /) -> bytes:
        """Read so many bytes of the content, or fewer; none at the end.

        Raises:
            zlib.error: the file is damaged, or goes on behind its end.
            EOFError: it is cut short.
        """
        while num_bytes and self._is_in_member():
            if content := self._inflate(num_bytes):
                return content
        return b""

    def _inflate(self, most: int) -> bytes:
        self._fill(1)
        content = self._inflater.decompress(self._input, most)
        self._crc, self._num_bytes = zlib.crc32(content, self._crc), self._num_bytes + len(content)
        self._input = self._inflater.unconsumed_tail or self._inflater.unused_data
        return content

    def _is_in_member(self) -> bool:
        """Goes on to the next member at the end of one; False: there is none."""
        if self._num_members:
            if self._is_at_end or not self._inflater.eof:
                return not self._is_at_end
            self._check_trailer()
            if not self._skip_zeros():
                self._is_at_end = True
                return False
        if self._num_members == _MOST_MEMBERS:
            raise zlib.error(f"more than {_MOST_MEMBERS} gzip members")
        self._skip_header()
        self._num_members += 1
        self._inflater, self._crc, self._num_bytes = zlib.decompressobj(-zlib.MAX_WBITS), 0, 0
        return True

    def _check_trailer(self) -> None:
        self._fill(_TRAILER.size)
        if _TRAILER.unpack_from(self._input) != (self._crc, self._num_bytes % (1 << 32)):
            raise zlib.error("CRC check failed")
        self._input = self._input[_TRAILER.size :]

    def _skip_zeros(self) -> bool:
        """Passes over padding; False: nothing else follows."""
        while not (rest := self._input.lstrip(b"\0")):
            self._input = self._packed.read(_CHUNK)
            if not self._input:
                return False
        self._input = rest
        return True

    def _skip_header(self) -> None:
        self._fill(_HEADER.size)
        magic, method, flags = _HEADER.unpack_from(self._input)
        if (magic, method) != (MAGIC, 8):
            raise zlib.error("what follows is no gzip member")
        stop = _HEADER.size
        if flags & _HAS_EXTRA:
            self._fill(stop + 2)
            stop += 2 + int.from_bytes(self._input[stop : stop + 2], "little")
        for flag in (_HAS_NAME, _HAS_COMMENT):
            stop = self._end_of_text(stop) if flags & flag else stop
        stop += 2 if flags & _HAS_SUM else 0
        self._fill(stop)
        self._input = self._input[stop:]

    def _end_of_text(self, start: int) -> int:
        while (end := self._input.find(b"\0", start)) < 0:
            if len(self._input) > _MOST_HEADER:
                raise zlib.error(f"a gzip header of more than {_MOST_HEADER} bytes")
            self._fill(len(self._input) + 1)
        return end + 1

    def _fill(self, num_bytes: int) -> None:
        """Holds so many packed bytes."""
        while len(self._input) < num_bytes:
            more = self._packed.read(_CHUNK)
            if not more:
                raise EOFError("the compressed data end before their end marker")
            self._input += more
