"""PBM, PGM and PPM, as text and as bytes, with any highest level; pbm(5), pgm(5), ppm(5)."""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bsgrow.images.encoded import Encoded, Levels, require_bytes, scaled_to_eight_bits
from bsgrow.images.image_error import ImageError

_SPACE: Final = rb"(?:\s|#[^\n\r]*[\n\r])"
_HEADER_BYTES: Final = 1 << 16  # at most, comments included
_BITMAP: Final = re.compile(rb"P([14])" + _SPACE + rb"+(\d{1,9})" + _SPACE + rb"+(\d{1,9})\s")
_LEVELS: Final = re.compile(rb"P([2356])" + (_SPACE + rb"+(\d{1,9})") * 3 + rb"\s")
_HIGHEST: Final = 65535
_TEXT: Final = (1, 2, 3)
_COLOUR: Final = (3, 6)


@dataclass(frozen=True)
class NetpbmHeader:
    """The header of a PBM, PGM or PPM.

    Attributes:
        kind: the digit of its signature, 1 to 6.
        height: in pixels.
        width: likewise.
        highest: its level of white (of a bitmap: of black).
        pixels: offset.
    """

    kind: int
    height: int
    width: int
    highest: int
    pixels: int


def read_netpbm_header(content: Encoded) -> NetpbmHeader:
    """Read the header; raises ImageError: it is damaged."""
    start = bytes(content[:_HEADER_BYTES])
    found = _BITMAP.match(start) or _LEVELS.match(start)
    if found is None:
        raise ImageError("its header is damaged: it is no PBM, PGM or PPM")
    kind, width, height, *highest = map(int, found.groups())
    if not (width and height and 0 < (highest or [1])[0] <= _HIGHEST):
        raise ImageError("its header is damaged: its size or its highest level is out of range")
    return NetpbmHeader(kind, height, width, (highest or [1])[0], found.end())


def netpbm_levels(content: Encoded) -> Levels:
    """The pixels, scaled to the full range.

    Raises:
        ImageError: it is damaged, pixels are missing, or one is above the highest level.
    """
    header = read_netpbm_header(content)
    num_channels = 3 if header.kind in _COLOUR else 1
    num_samples = header.height * header.width * num_channels
    samples: NDArray[np.integer]
    if header.kind == 4:
        samples = _bits(header, content)
    elif header.kind in _TEXT:
        samples = _text(header, content, num_samples)
    else:
        wide = ">u2" if header.highest > 255 else "u1"
        part = require_bytes(content, header.pixels, num_samples * np.dtype(wide).itemsize)
        samples = np.frombuffer(part, wide)
    if samples.max() > header.highest:
        raise ImageError(f"a level of {samples.max()} is above the highest, {header.highest}")
    shape = (header.height, header.width, 3)[: 2 + num_channels // 3]
    levels = np.take(scaled_to_eight_bits(header.highest), samples).reshape(shape)
    return 255 - levels if header.kind in (1, 4) else levels  # of a bitmap 1 is black


def _bits(header: NetpbmHeader, content: Encoded) -> NDArray[np.uint8]:
    row_bytes = (header.width + 7) // 8
    part = require_bytes(content, header.pixels, header.height * row_bytes)
    rows = np.frombuffer(part, np.uint8).reshape(header.height, row_bytes)
    return np.unpackbits(rows, axis=1, count=header.width).ravel()


def _text(header: NetpbmHeader, content: Encoded, num: int) -> NDArray[np.int64]:
    text = re.sub(rb"#[^\n\r]*", b" ", bytes(content[header.pixels :]))
    if header.kind == 1:  # a digit is a pixel, with space behind it or not
        text = b" ".join(re.findall(rb"\S", text))
    numbers = text.split()
    if len(numbers) < num:
        raise ImageError(f"pixels are missing: it has {len(numbers)} of {num} numbers")
    try:
        samples = np.array([int(number) for number in numbers[:num]], np.int64)
    except (ValueError, OverflowError) as error:
        raise ImageError("its pixels are damaged: one is no number") from error
    if samples.min() < 0:
        raise ImageError("its pixels are damaged: one is below 0")
    return samples
