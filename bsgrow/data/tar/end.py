"""Where a tar ends, and whether what follows is what a writer of tars leaves there.

An archive ends with two blocks of zeros, and zeros up to a whole record (POSIX "pax", blocksize).
A record has as many blocks as ``tar -b`` says: 20 unless told otherwise, 1 or 2 in Go, Rust and
bsdtar, a power of two on tapes and where a file was padded. So an end explains at most a record and
a block of zeros, and only where the file is whole records long. More zeros are what is left of a
file that was not copied to its end, or lies on a damaged disk; a tar with members behind them is
two archives that were joined, or one with a hole. Which it is, nothing says, so that neither is
read. The price: ``tar -b 40``, and ``tar -A``, which leaves the padding of both archives, are
refused too, and have to be cut to their end.
"""

from bsgrow.data.tar.header import BLOCK
from bsgrow.files.open_files import read_at

_USUAL = range(1, 21)
_LARGE = tuple(1 << bits for bits in range(5, 13))  # 16 KiB to 2 MiB
_CHUNK = 1 << 16


def is_explained(start: int, file_bytes: int) -> bool:
    """Whether a tar whose members end at byte `start` may have only zeros from there on.

    One without members may not be larger than what ``tar`` writes for it.
    """
    zeros = file_bytes - start
    if zeros <= 2 * BLOCK:
        return True
    factors = (*_USUAL, *_LARGE) if start else _USUAL
    return any(not file_bytes % (f * BLOCK) and zeros <= (f + 1) * BLOCK for f in factors)


def first_data(descriptor: int, start: int) -> int | None:
    """The first byte from `start` on that is not zero, as far as zeros can be explained.

    Raises:
        OSError: the system cannot read the file.
    """
    stop = start + (_LARGE[-1] + 1) * BLOCK
    for offset in range(start, stop, _CHUNK):
        content = read_at(descriptor, min(_CHUNK, stop - offset), offset)
        if rest := content.lstrip(b"\0"):
            return offset + len(content) - len(rest)
        if len(content) < _CHUNK:
            break
    return None
