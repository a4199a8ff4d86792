"""The header of a BMP, as Windows 2 to 5 and OS/2 write it."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from bsgrow.images.encoded import Encoded, unpack
from bsgrow.images.image_error import ImageError

_FILE_HEADER_BYTES: Final = 14
_CORE_HEADER_BYTES: Final = 12
_OS2_HEADER_BYTES: Final = (16, 64)  # in these a compression of 3 or more means something else
_INFO_HEADER_BYTES: Final = (16, 40, 52, 56, 64, 108, 124)
_DEPTHS_OF: Final[dict[int, tuple[int, ...]]] = {
    0: (1, 2, 4, 8, 16, 24, 32),
    1: (8,),
    2: (4,),
    3: (16, 24, 32),
    6: (16, 24, 32),
}

Masks = tuple[int, int, int]
"""Which bits of a pixel are red, green and blue."""

WHOLE_BYTES: Final = (0xFF0000, 0xFF00, 0xFF)
"""Blue is the first byte, green the second and red the third."""

# What a pixel holds where nothing else is said.
_DEFAULT_MASKS: Final = {16: (0x7C00, 0x3E0, 0x1F), 24: WHOLE_BYTES, 32: WHOLE_BYTES}


class BmpCompression(IntEnum):
    """The ways to pack pixels; with ALPHA_MASKS there is a fourth mask."""

    NONE = 0
    RUN_LENGTH_8 = 1
    RUN_LENGTH_4 = 2
    MASKS = 3
    ALPHA_MASKS = 6


@dataclass(frozen=True)
class BmpHeader:
    """A BMP, as it is stored.

    Attributes:
        header_bytes: by which its versions are told.
        height: in pixels.
        width: likewise.
        is_top_down: whether its first row is the upper one.
        bits: of each pixel.
        compression: how they are packed.
        masks: of red, green and blue; None where there is a palette.
        palette: offset, bytes and number of its entries.
        pixels: offset.
    """

    header_bytes: int
    height: int
    width: int
    is_top_down: bool
    bits: int
    compression: BmpCompression
    masks: Masks | None
    palette: tuple[int, int, int]
    pixels: int


def read_bmp_header(content: Encoded) -> BmpHeader:
    """Read the header of a BMP.

    Raises:
        ImageError: it is damaged, or of a kind that is not read.
    """
    pixels, size = unpack("<II", content, 10)
    width, height, bits, compression, num_colours = _fields(content, size)
    kind = _compression(size, compression, bits)
    if width < 1 or height == 0:
        raise ImageError("its header is damaged: it has no width or no height")
    return BmpHeader(
        header_bytes=size,
        height=abs(height),
        width=width,
        is_top_down=height < 0,
        bits=bits,
        compression=kind,
        masks=_masks(content, kind, bits),
        palette=_palette(size, num_colours, bits, pixels),
        pixels=pixels,
    )


def _fields(content: Encoded, size: int) -> tuple[int, int, int, int, int]:
    """Return width, height, bits, compression and number of colours of a header of a size."""
    if size == _CORE_HEADER_BYTES:
        width, height, _, bits = unpack("<HHHH", content, 18)
        return width, height, bits, 0, 0
    if size not in _INFO_HEADER_BYTES:
        raise ImageError(f"its header is damaged: no BMP has one of {size} bytes")
    width, height, _, bits = unpack("<iiHH", content, 18)
    compression = unpack("<I", content, 30)[0] if size > 16 else 0
    num_colours = unpack("<I", content, 46)[0] if size > 16 else 0
    return width, height, bits, compression, num_colours


def _compression(size: int, compression: int, bits: int) -> BmpCompression:
    is_os2 = size in _OS2_HEADER_BYTES
    if bits not in _DEPTHS_OF.get(compression, ()) or (is_os2 and compression > 2):
        raise ImageError(
            f"it is a BMP of a kind that is not read: {bits} bits, compression {compression}"
        )
    return BmpCompression(compression)


def _masks(content: Encoded, kind: BmpCompression, bits: int) -> Masks | None:
    if kind not in (BmpCompression.MASKS, BmpCompression.ALPHA_MASKS):
        return _DEFAULT_MASKS.get(bits)
    red, green, blue = unpack("<III", content, 54)  # in the longer headers they are inside
    masks = red, green, blue
    for mask in masks:
        ones = mask // (mask & -mask) if mask else 0
        if mask >> bits or ones == 0 or ones & (ones + 1) or ones.bit_length() > 16:
            raise ImageError(f"its masks of colours are damaged: {red:#x}, {green:#x}, {blue:#x}")
    return masks


def _palette(size: int, num_colours: int, bits: int, pixels: int) -> tuple[int, int, int]:
    at, entry = _FILE_HEADER_BYTES + size, 3 if size == _CORE_HEADER_BYTES else 4
    most = 1 << bits if bits <= 8 else 0
    room = max(pixels - at, 0) // entry
    return at, entry, min(num_colours or most, most, room)
