r"""The orientation of an image file: the one reading of its EXIF, from the bytes alone.

Every decoder, packing and verifying go by it: the native decoder reads a JPEG by the same compiled
code, what Pillow decodes it does not turn, and DALI is given upright images only.

Where it is looked for:

======  =========================================================================================
JPEG    the first APP1 segment before the first scan that begins with ``Exif\0\0``; later ones do
        not count, whatever is in the first
PNG     the first ``eXIf`` chunk, wherever it stands; without one, the first zTXt, tEXt or iTXt
        chunk "Raw profile type exif" or "Raw profile type APP1" that holds EXIF
WebP    the first ``EXIF`` chunk
TIFF    the first directory, of BigTIFF too
others  nowhere: they are upright
======  =========================================================================================

The prefix ``Exif\0\0`` may stand in front of the EXIF of a PNG or WebP. XMP does not count.

What is read there, in either byte order, is the first entry of tag 0x0112 in the first directory:

- type SHORT or LONG, one of it, from 1 to 8: that is the orientation;
- another type (BYTE, ASCII, RATIONAL, signed, …), another number of values, a value outside 1 to 8:
  upright;
- a directory that says more entries than it holds: those that are there count;
- no such entry, a directory outside the data, no EXIF: upright.

Source: EXIF 2.32, section 4.6.5.1 A; TIFF 6.0, section 8; PNG 3rd edition, 11.3.3.4.
"""

from types import MappingProxyType
from typing import Final

import numpy as np
from PIL import Image

from bsgrow.images.encoded import Encoded, Levels
from bsgrow.images.exif import png_exif, webp_exif
from bsgrow.images.jpeg.header import is_jpeg
from bsgrow.native.extension import extension

ORIENTATION_TAG: Final = 0x0112
"""Of EXIF; in a TIFF it is one of the image's own tags."""

UPRIGHT: Final = 1

TRANSPOSED: Final = (5, 6, 7, 8)
"""Orientations that swap height and width."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"

# How the pixels of each orientation become upright: EXIF 2.32, section 4.6.5.1, as in Pillow.
_METHODS: Final = MappingProxyType(
    {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
)


def orientation_of(content: Encoded) -> int:
    """The orientation of an image file.

    Args:
        content: its bytes.

    Returns:
        1 (upright) to 8, as EXIF numbers them; 1 for what is no image, or damaged.
    """
    if is_jpeg(content):
        return _orientation_of_jpeg(content)
    start = bytes(content[:12])
    exif: Encoded | None = None
    if start.startswith(_PNG):
        exif = png_exif(content)
    elif start.startswith(b"RIFF") and start.endswith(b"WEBP"):
        exif = webp_exif(content)
    elif start.startswith((b"II", b"MM")):
        exif = content
    return UPRIGHT if exif is None else extension.read_orientation_tag(exif)


def _orientation_of_jpeg(content: Encoded) -> int:
    try:
        return extension.read_jpeg_header(content)[2]  # of JpegHeader, in a third of the time
    except ValueError:
        return UPRIGHT


def turned(levels: Levels, orientation: int) -> Levels:
    """Turn stored pixels as they are shown."""
    method = _METHODS.get(orientation)
    return levels if method is None else np.asarray(Image.fromarray(levels).transpose(method))
