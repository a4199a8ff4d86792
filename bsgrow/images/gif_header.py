"""The first frame of a GIF; GIF89a, sections 17 to 27."""

from dataclasses import dataclass
from typing import Final

from bsgrow.images.encoded import Encoded, unpack
from bsgrow.images.image_error import ImageError

_EXTENSION, _IMAGE = 0x21, 0x2C
_TABLE, _INTERLACED = 0x80, 0x40
_SCREEN_END: Final = 13  # of signature and logical screen


@dataclass(frozen=True)
class GifHeader:
    """A GIF's screen, which is what is shown, and its first frame.

    Attributes:
        height: of the frame, in pixels.
        width: likewise.
        is_interlaced: whether its rows come in four passes.
        palette: red, green and blue of each colour.
        pixels: offset of the first frame's data, the code size in front.
    """

    height: int
    width: int
    is_interlaced: bool
    palette: bytes
    pixels: int


def read_gif_header(content: Encoded) -> GifHeader:
    """Read it.

    Raises:
        ImageError: it is damaged, or its first frame leaves a part of the screen uncovered.
    """
    screen_width, screen_height, flags = unpack("<HHB", content, 6)
    palette, at = _table(content, _SCREEN_END, flags)
    while (mark := unpack("B", content, at)[0]) != _IMAGE:
        if mark != _EXTENSION:
            raise ImageError("its header is damaged: it has no frame")
        at = _behind_blocks(content, at + 2)
    left, top, width, height, flags = unpack("<HHHHB", content, at + 1)
    own_palette, at = _table(content, at + 10, flags)
    if left or top or width < screen_width or height < screen_height:
        raise ImageError("pixels are missing: its first frame does not cover the whole image")
    if width == 0 or height == 0:
        raise ImageError("its header is damaged: it has no width or no height")
    return GifHeader(height, width, bool(flags & _INTERLACED), own_palette or palette, at)


def _table(content: Encoded, at: int, flags: int) -> tuple[bytes, int]:
    if not flags & _TABLE:
        return b"", at
    num_bytes = 3 * 2 ** (1 + (flags & 7))
    (colours,) = unpack(f"{num_bytes}s", content, at)
    return colours, at + num_bytes


def _behind_blocks(content: Encoded, at: int) -> int:
    while (length := unpack("B", content, at)[0]) > 0:
        at += 1 + length
    return at + 1
