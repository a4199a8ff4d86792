"""Files of lines, read a line at a time: from the first on, or around any byte."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from bsgrow.files.regular import UnfitFileError

LONGEST_LINE = 2**20
"""Bytes of a line at most, its end included; what is longer is not read to its end."""
_BLOCK = 2**20


def whole_lines(file: BinaryIO, path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, each with its end; a last one cut short is left out.

    One line is in memory at a time.

    Args:
        file: the file, open.
        path: its name, for the message.

    Raises:
        OSError: a line is longer than ``LONGEST_LINE``, or the file cannot be read.
    """
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise _too_long(path, file.tell() - len(line))
        if line.endswith(b"\n"):
            yield line


def blocks_of_lines(file: BinaryIO, path: Path) -> Iterator[bytes]:
    """Yield the whole lines of a file, some thousand at a time: at most 2 MiB.

    Args:
        file: the file, open.
        path: its name, for the message.

    Raises:
        OSError: as ``whole_lines``.
    """
    rest = b""
    while block := file.read(_BLOCK):
        lines = rest + block
        end = lines.rfind(b"\n") + 1
        rest = lines[end:]
        if len(rest) > LONGEST_LINE:
            raise _too_long(path, file.tell() - len(rest))
        yield lines[:end]


def end_of_whole_lines(descriptor: int, path: Path) -> int:
    """Return where the last line ends that is not cut short; 0 where there is none.

    Raises:
        OSError: as ``whole_lines``.
    """
    size = os.fstat(descriptor).st_size
    first = max(0, size - LONGEST_LINE)
    end = os.pread(descriptor, size - first, first).rfind(b"\n") + 1
    if not end and first:
        raise _too_long(path, first)
    return first + end


def line_around(descriptor: int, place: int, path: Path) -> tuple[int, bytes]:
    """Return where the line begins that a byte is in, and the line with its end.

    It takes two reads of at most ``LONGEST_LINE``, wherever in the file that is.

    Args:
        descriptor: of the file.
        place: offset of the byte; before ``end_of_whole_lines``.
        path: the file's name, for the message.

    Raises:
        OSError: as ``whole_lines``.
    """
    first = max(0, place - LONGEST_LINE)
    before = os.pread(descriptor, place - first, first)
    begin = before.rfind(b"\n") + 1
    behind = os.pread(descriptor, LONGEST_LINE, place)
    line = before[begin:] + behind[: behind.find(b"\n") + 1]
    if len(line) > LONGEST_LINE or not line.endswith(b"\n"):
        raise _too_long(path, first + begin)
    return first + begin, line


def count_lines(descriptor: int, end: int) -> int:
    """Return how many lines end before a byte of a file."""
    starts = range(0, end, _BLOCK)
    return sum(os.pread(descriptor, min(_BLOCK, end - at), at).count(b"\n") for at in starts)


def _too_long(path: Path, place: int) -> UnfitFileError:
    reason = f"the line at byte {place} is longer than {LONGEST_LINE} bytes"
    return UnfitFileError(reason, path, "the file is damaged, or none of lines; remove that line")
