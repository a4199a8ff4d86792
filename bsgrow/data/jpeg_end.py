"""Whether a JPEG was cut short, told without decoding it: the same answer for every decoder.

A decoder that needs only the upper part of an image does not notice that the lower one is missing,
and libjpeg by itself fills it with grey.
"""

import re

from bsgrow.images.encoded import Encoded

CUT_SHORT = "the JPEG is cut short: it has no end"
"""What is wrong with one, for messages."""

_START, _END = b"\xff\xd8", b"\xff\xd9"
_HEADER_BYTES = 4  # a marker and the length behind it
_START_OF_SCAN = 0xDA


def is_cut_short(content: Encoded) -> bool:
    """Whether a JPEG lacks its end; other formats never do, and their decoders know.

    Bytes behind the end, as some cameras and editors leave there, are fine. An end before the
    first scan, as that of a thumbnail, does not count.
    """
    if content[:2] != _START or content[-2:] == _END:
        return False
    scan = _start_of_scan(content)
    return scan is None or re.search(re.escape(_END), content[scan:]) is None


def _start_of_scan(content: Encoded) -> int | None:
    """Return where the first scan begins, by the lengths of the segments before it."""
    at = len(_START)
    while at + _HEADER_BYTES <= len(content):
        if content[at] != 0xFF:
            return None
        if content[at + 1] == _START_OF_SCAN:
            return at
        is_fill = content[at + 1] == 0xFF
        at += 1 if is_fill else 2 + int.from_bytes(content[at + 2 : at + 4])
    return None
