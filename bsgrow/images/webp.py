"""WebP; its container is that of RFC 9649.

Its pixels are decoded by Pillow, which raises where data is missing.
"""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from bsgrow.images.encoded import Encoded, Levels, unpack
from bsgrow.images.image_error import ImageError
from bsgrow.images.pillow import naming_damage

_FIRST_CHUNK: Final = 12
_ANIMATED: Final = 0x02


@dataclass(frozen=True)
class WebpHeader:
    """A WebP, as it is stored.

    Attributes:
        height: in pixels, before it is turned.
        width: likewise.
        is_animated: whether it has frames.
    """

    height: int
    width: int
    is_animated: bool


def read_webp_header(content: Encoded) -> WebpHeader:
    """Read the size, and whether it is animated.

    Raises:
        ImageError: it is damaged, or an animation whose first frame leaves pixels uncovered.
    """
    (kind,) = unpack("4s", content, _FIRST_CHUNK)
    at = _FIRST_CHUNK + 8
    if kind == b"VP8 ":
        width, height = unpack("<HH", content, at + 6)
        return WebpHeader(height & 0x3FFF, width & 0x3FFF, is_animated=False)
    if kind == b"VP8L":
        (bits,) = unpack("<I", content, at + 1)
        return WebpHeader((bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1, is_animated=False)
    if kind != b"VP8X":
        raise ImageError("its header is damaged: it tells of no kind of WebP")
    (flags,) = unpack("B", content, at)
    width, height = _three_bytes(content, at + 4) + 1, _three_bytes(content, at + 7) + 1
    if flags & _ANIMATED:
        _check_first_frame(content, height, width)
    return WebpHeader(height, width, is_animated=bool(flags & _ANIMATED))


def _three_bytes(content: Encoded, at: int) -> int:
    return int.from_bytes(unpack("3s", content, at)[0], "little")


def _check_first_frame(content: Encoded, height: int, width: int) -> None:
    at = _FIRST_CHUNK
    while True:
        kind, length = unpack("<4sI", content, at)
        if kind == b"ANMF":
            break
        at += 8 + length + length % 2
    left, top = _three_bytes(content, at + 8), _three_bytes(content, at + 11)
    size = _three_bytes(content, at + 17) + 1, _three_bytes(content, at + 14) + 1
    if (left, top) != (0, 0) or size != (height, width):
        raise ImageError("pixels are missing: its first frame does not cover the whole image")


def webp_levels(content: Encoded) -> Levels:
    """The pixels of its first frame, not turned, without their alpha; raises ImageError."""
    with (
        naming_damage("its pixels are damaged or missing"),
        Image.open(io.BytesIO(content), formats=("WEBP",)) as image,
    ):
        return np.ascontiguousarray(np.asarray(image)[:, :, :3])
