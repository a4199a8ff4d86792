"""The first frame of a GIF; GIF89a, sections 17 to 27.

Its pixels are decoded by Pillow, which raises where its data end early.
"""

import io
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from bsgrow.images.encoded import Encoded, Levels, looked_up, unpack
from bsgrow.images.image_error import ImageError
from bsgrow.images.pillow import naming_damage

_EXTENSION, _IMAGE = 0x21, 0x2C
_TABLE, _INTERLACED = 0x80, 0x40
_LARGEST_TABLE: Final = 7  # 256 colours
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
    """Read the screen and the first frame.

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


def gif_levels(content: Encoded) -> Levels:
    """The pixels of its first frame; what is transparent has the colour that its palette gives it.

    Raises:
        ImageError: it is damaged, or pixels are missing.
    """
    header = read_gif_header(content)
    with naming_damage("its pixels are damaged or missing"):
        plain = io.BytesIO(_plain_gif(header, content))
        with Image.open(plain, formats=("GIF",)) as image:
            indices = np.asarray(image)
    return looked_up(np.frombuffer(header.palette, np.uint8).reshape(-1, 3), indices)


def _plain_gif(header: GifHeader, content: Encoded) -> bytes:
    """The frame alone, with a palette that is not grey: Pillow leaves the colours' numbers then."""
    size = struct.pack("<HH", header.width, header.height)
    screen = b"GIF89a" + size + bytes([0x80 | _LARGEST_TABLE, 0, 0])
    palette = bytes(range(255, -1, -1)) * 3
    frame = b"\x2c" + bytes(4) + size + bytes([_INTERLACED * header.is_interlaced])
    return screen + palette + frame + bytes(memoryview(content)[header.pixels :])
