"""Size and pixels of an image file, by its first bytes: one rule for training, packing, verifying.

The pixels are levels of 0 to 255, whatever the depth. Transparency is dropped: the colours below
it are shown. A palette is looked up, CMYK becomes RGB as Pillow does it; profiles and gamma have no
effect. Of an animation or of several pages the first is shown. Pixels that are missing, and those
whose levels are not known, are errors.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import numpy as np

from bsgrow.images.bmp.header import read_bmp_header
from bsgrow.images.bmp.levels import bmp_levels
from bsgrow.images.encoded import MAX_PIXELS, Encoded, Levels
from bsgrow.images.gif import gif_levels, read_gif_header
from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.header import read_jpeg_header
from bsgrow.images.jpeg.levels import jpeg_levels
from bsgrow.images.netpbm import netpbm_levels, read_netpbm_header
from bsgrow.images.orientation import TRANSPOSED, orientation_of, turned
from bsgrow.images.png.header import read_png_header
from bsgrow.images.png.levels import png_levels
from bsgrow.images.tiff.header import read_tiff_header
from bsgrow.images.tiff.levels import tiff_levels
from bsgrow.images.webp import read_webp_header, webp_levels


class _Size(Protocol):
    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...


class _Format(NamedTuple):
    name: str
    read_header: Callable[[Encoded], _Size]
    levels: Callable[[Encoded], Levels]


_JPEG: Final = _Format("JPEG", read_jpeg_header, jpeg_levels)
_PNG: Final = _Format("PNG", read_png_header, png_levels)
_BMP: Final = _Format("BMP", read_bmp_header, bmp_levels)
_GIF: Final = _Format("GIF", read_gif_header, gif_levels)
_TIFF: Final = _Format("TIFF", read_tiff_header, tiff_levels)
_WEBP: Final = _Format("WebP", read_webp_header, webp_levels)
_NETPBM: Final = _Format("PPM", read_netpbm_header, netpbm_levels)
_SIGNATURES: Final = (
    (b"\xff\xd8", _JPEG),
    (b"\x89PNG\r\n\x1a\n", _PNG),
    (b"BM", _BMP),
    (b"GIF8", _GIF),
    (b"II*\0", _TIFF),
    (b"MM\0*", _TIFF),
    (b"II+\0", _TIFF),
    (b"MM\0+", _TIFF),
    (b"RIFF", _WEBP),
    *((b"P%d" % kind, _NETPBM) for kind in range(1, 7)),
)
FORMATS: Final = tuple(dict.fromkeys(each.name for _, each in _SIGNATURES))
"""What an image file may be, whatever its name says: no format that runs another program."""


def stored_size(content: Encoded, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Height and width before the image is turned, without its pixels being decoded.

    Raises:
        ImageError: it is none of :data:`FORMATS`, its header is damaged, it has more than
            max_pixels, or pixels of a kind that is not read.
    """
    header = _format(content).read_header(content)
    if header.height * header.width > max_pixels:
        raise ImageError(
            f"{header.height} x {header.width} pixels are more than the {max_pixels} allowed"
        )
    return header.height, header.width


def stored_levels(content: Encoded, max_pixels: int = MAX_PIXELS) -> Levels:
    """The pixels before the image is turned; grey images have no third dimension.

    Raises:
        ImageError: as :func:`stored_size`, or its pixels are damaged, or some are missing.
    """
    size = stored_size(content, max_pixels)
    levels = _format(content).levels(content)
    if levels.shape[:2] != size:
        raise ImageError(f"its header is damaged: it tells of {size[0]} x {size[1]} pixels")
    return levels


def shown_size(content: Encoded, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Height and width as the image is shown, by its EXIF orientation; raises as stored_size."""
    height, width = stored_size(content, max_pixels)
    return (width, height) if orientation_of(content) in TRANSPOSED else (height, width)


def shown_levels(content: Encoded, max_pixels: int = MAX_PIXELS) -> Levels:
    """The pixels as they are shown: uint8 ``[height, width, 3]``; raises as stored_levels."""
    levels = turned(stored_levels(content, max_pixels), orientation_of(content))
    if levels.ndim == 2:
        levels = np.repeat(levels[:, :, None], 3, axis=2)
    return np.ascontiguousarray(levels)


def check_decodes(content: Encoded) -> tuple[int, int]:
    """Decodes an image and throws the pixels away.

    Returns:
        Height and width as it is shown.

    Raises:
        ImageError: as :func:`stored_levels`.
    """
    stored_levels(content)
    return shown_size(content)


def check_format(start: Encoded) -> None:
    """Tells by the first 12 bytes whether an image is of a known format.

    Raises:
        ImageError: it is none of :data:`FORMATS`.
    """
    _format(start)


def _format(content: Encoded) -> _Format:
    if len(content) == 0:
        raise ImageError("it is empty")
    start = bytes(content[:12])
    for signature, kind in _SIGNATURES:
        if start.startswith(signature) and (kind is not _WEBP or start.endswith(b"WEBP")):
            return kind
    raise ImageError(f"not an image that can be read (one of {', '.join(FORMATS)})")
