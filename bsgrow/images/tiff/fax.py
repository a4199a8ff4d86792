"""Fax codes of a TIFF, and whether they hold all its rows; ITU-T T.4 and T.6.

libtiff takes missing rows and damaged codes for white. The codes of given rows are the same in
every encoder, so that what it made of them is encoded again, and compared.
"""

import io
import re
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bsgrow.images.image_error import ImageError
from bsgrow.images.tiff.directory import read_tags

_NAMES: Final = {2: "tiff_ccitt", 3: "group3", 4: "group4"}
_STRIP, _STRIP_BYTES, _ROWS_PER_STRIP = 273, 279, 278  # tags
_END_OF_BLOCK: Final = 24  # bits
_END_OF_ROW: Final = re.compile("0{11,}1")


def check_fax(data: bytes, rows: NDArray[np.bool_], compression: int) -> None:
    """Compare the codes of a strip with its rows.

    Args:
        data: the codes, the first in the highest bit.
        rows: bool ``[height, width]``, as libtiff decoded them.
        compression: 2, 3 (of one dimension) or 4, as the TIFF has it.

    Raises:
        ImageError: rows are missing, or codes damaged.
    """
    ours, theirs = _bits(_encoded(rows, compression)), _bits(data)
    if compression == 3:
        is_whole = _rows_of(ours) == _rows_of(theirs)[: len(rows)]
    elif compression == 4:
        is_whole = theirs.startswith(ours.rstrip("0")[:-_END_OF_BLOCK])
    else:
        is_whole = theirs.startswith(ours)
    if not is_whole:
        raise ImageError("pixels are missing: its fax codes are damaged or end early")


def _encoded(rows: NDArray[np.bool_], compression: int) -> bytes:
    buffer = io.BytesIO()
    one_strip = {_ROWS_PER_STRIP: len(rows)}
    Image.fromarray(rows).save(buffer, "TIFF", compression=_NAMES[compression], tiffinfo=one_strip)
    tiff = buffer.getvalue()
    tags = read_tags(tiff)
    start = tags.one(_STRIP, 0)
    return tiff[start : start + tags.one(_STRIP_BYTES, 0)]


def _bits(data: bytes) -> str:
    return (np.unpackbits(np.frombuffer(data, np.uint8)) + ord("0")).tobytes().decode()


def _rows_of(bits: str) -> list[str]:
    """The codes of each row, behind its mark; zeros may fill it up to whole bytes."""
    return [row.rstrip("0") for row in _END_OF_ROW.split(bits)[1:]]
