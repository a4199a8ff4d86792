"""The levels of a GIF's first frame, by Pillow, which raises where its data end early."""

import io
import struct
from typing import Final

import numpy as np
from PIL import Image

from bsgrow.images.damage import naming_damage
from bsgrow.images.encoded import Encoded, Levels, looked_up
from bsgrow.images.gif_header import GifHeader, read_gif_header

_LARGEST_TABLE: Final = 7  # 256 colours
_INTERLACED: Final = 0x40


def gif_levels(content: Encoded) -> Levels:
    """Its first frame; what is transparent has the colour that its palette gives it.

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
