"""The chunks of a PNG that hold its pixels; PNG, third edition. Others have no effect on levels."""

import zlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bsgrow.images.encoded import Encoded, unpack
from bsgrow.images.image_error import ImageError

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
NUM_SAMPLES: Final = MappingProxyType({GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4})

_DEPTHS: Final = MappingProxyType(
    {
        GREY: (1, 2, 4, 8, 16),
        RGB: (8, 16),
        PALETTE: (1, 2, 4, 8),
        GREY_ALPHA: (8, 16),
        RGB_ALPHA: (8, 16),
    }
)


@dataclass(frozen=True)
class PngHeader:
    """A PNG, as it is stored.

    Attributes:
        height: in pixels, before it is turned.
        width: likewise.
        depth: bits of a sample.
        colour_type: one of those above.
        is_interlaced: whether it has seven passes.
        palette: red, green and blue of each colour.
        pixels: the compressed data, in parts.
        checksums: of each part, as it is stored; shorter where the file ends before it.
    """

    height: int
    width: int
    depth: int
    colour_type: int
    is_interlaced: bool
    palette: bytes
    pixels: tuple[memoryview, ...]
    checksums: tuple[bytes, ...]


def read_png_header(content: Encoded) -> PngHeader:
    """Read the chunks up to the pixels; what follows the pixels is not looked at.

    Raises:
        ImageError: it is damaged.
    """
    at = len(SIGNATURE)
    _, name, width, height, depth, colour_type, _, _, interlace = unpack(">I4sIIBBBBB", content, at)
    if name != b"IHDR" or depth not in _DEPTHS.get(colour_type, ()) or interlace > 1:
        raise ImageError("its header is damaged: it tells of no kind of PNG")
    if not 0 < width < 1 << 31 or not 0 < height < 1 << 31:
        raise ImageError("its header is damaged: it has no width or no height")
    _check(content, at, 13)
    palette, pixels, checksums = _read_chunks(content, at)
    return PngHeader(
        height=height,
        width=width,
        depth=depth,
        colour_type=colour_type,
        is_interlaced=interlace == 1,
        palette=palette,
        pixels=tuple(pixels),
        checksums=tuple(checksums),
    )


def _read_chunks(content: Encoded, at: int) -> tuple[bytes, list[memoryview], list[bytes]]:
    """Return the palette, the pixels and their checksums, up to what follows the pixels."""
    palette, pixels, checksums = b"", [], []
    while at + 8 <= len(content):
        length, name = unpack(">I4s", content, at)
        if name == b"PLTE":
            _check(content, at, length)
            palette = bytes(content[at + 8 : at + 8 + length])
        elif name == b"IDAT":
            pixels.append(memoryview(content)[at + 8 : at + 8 + length])
            checksums.append(bytes(content[at + 8 + length : at + 12 + length]))
        elif name == b"IEND" or pixels:
            break
        at += 12 + length
    return palette, pixels, checksums


def _check(content: Encoded, at: int, length: int) -> None:
    (stored,) = unpack(">I", content, at + 8 + length)
    if zlib.crc32(memoryview(content)[at + 4 : at + 8 + length]) != stored:
        raise ImageError("its header is damaged: a checksum does not fit")
