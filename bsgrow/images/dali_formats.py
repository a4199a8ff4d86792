"""Which images DALI is given: a function of an image's bytes, and of nothing else.

Whether it was refused before, its window and the other images of its chunk have no part in it. It
is given those formats and variants that it decodes, within a level, to what they hold: those that
``tests/loading/test_dali_variants.py`` compares with the levels that they were made of. All others
are decoded natively, or refused there with the reason.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from bsgrow.images.bmp.header import BmpCompression, read_bmp_header
from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.header import JpegHeader, has_end, read_jpeg_header
from bsgrow.images.jpeg.scans import are_all_brought
from bsgrow.images.orientation import UPRIGHT, orientation_of
from bsgrow.images.png.header import PALETTE, read_png_header
from bsgrow.images.tiff.header import Compression, Photometric, read_tiff_header
from bsgrow.images.tiff.segments import segments
from bsgrow.images.webp import read_webp_header

_JPEG_FRAMES: Final = (0xC0, 0xC2)  # baseline and progressive, Huffman-coded
_JFIF_NUMBERS: Final = b"\1\2\3"  # the components of a JFIF file
_NO_ADOBE, _YCBCR = -1, 1

_BMP_HEADERS: Final = (40, 108, 124)
_TIFF_COLOURS: Final = {Photometric.BLACK_IS_ZERO: 1, Photometric.RGB: 3}


def dali_decodes(image: memoryview) -> bool:
    """Whether DALI is given an image: its format, told by the first bytes, and its variant.

    It is given none that is to be turned, so that no reading of EXIF but ours has a part in it.

    Args:
        image: the bytes of one file.
    """
    start = bytes(image[:_LONGEST])
    for signature, compared in _FORMATS.items():
        if start.startswith(signature):
            return _is_compared(compared, image) and orientation_of(image) == UPRIGHT
    return False


def _is_compared(predicate: Callable[[memoryview], bool], image: memoryview) -> bool:
    try:
        return predicate(image)
    except ImageError:
        return False


def _jpeg_is_compared(image: memoryview) -> bool:
    """Whether DALI decodes a JPEG as libjpeg-turbo does.

    That is baseline or progressive, of 8 bits, grey or YCbCr, with its end and with nothing between
    its segments. Left out are, since decoders read them in ways of their own: four components
    (without an Adobe marker DALI takes the ink for its opposite); three whose markers do not all
    say YCbCr, as RGB; arithmetic coding, 12 bits, lossless ones; bytes between segments; scans
    that are left out, whose part DALI smooths over.
    """
    header = read_jpeg_header(image)
    plain = header.frame in _JPEG_FRAMES and header.precision == 8 and header.tidy
    return (
        plain
        and _has_plain_colours(header)
        and has_end(image)
        and are_all_brought(image, header.num_components)
    )


def _has_plain_colours(header: JpegHeader) -> bool:
    if header.num_components == 3:
        numbered = header.component_ids == _JFIF_NUMBERS
        said = header.jfif or header.adobe_transform == _YCBCR or numbered
        return said and header.adobe_transform in (_NO_ADOBE, _YCBCR)
    return header.num_components == 1


def _png_is_compared(image: memoryview) -> bool:
    """All, but those with fewer colours than their bits can tell: DALI shows the others black."""
    header = read_png_header(image)
    return header.colour_type != PALETTE or len(header.palette) == 3 << header.depth


def _bmp_is_compared(image: memoryview) -> bool:
    """24 and 32 bits, and 8 with a whole palette; neither masks nor run lengths nor OS/2."""
    header = read_bmp_header(image)
    _, _, num_colours = header.palette
    return (
        header.header_bytes in _BMP_HEADERS
        and header.compression is BmpCompression.NONE
        and (header.bits in (24, 32) or (header.bits == 8 and num_colours == 256))
    )


def _webp_is_compared(image: memoryview) -> bool:
    """Still pictures, lossy or lossless, with alpha or without."""
    return not read_webp_header(image).is_animated


def _tiff_is_compared(image: memoryview) -> bool:
    """Grey and RGB of 8 bits, black is zero and nothing else in a pixel, without compression.

    Of compressed strips DALI reads those that its window needs: it would not see what is missing.
    """
    header = read_tiff_header(image)
    segments(header)
    return (
        header.bits == 8
        and _TIFF_COLOURS.get(header.photometric) == header.num_samples
        and header.compression is Compression.NONE
        and not (header.is_planar or header.reverses_bits or header.tags.is_big)
    )


# Of the formats that nvImageCodec parses, but for PGM and PPM: of those with another highest level
# than 255 or 65535 it takes the levels as they are, and they come out too dark.
_FORMATS: Final[Mapping[bytes, Callable[[memoryview], bool]]] = MappingProxyType(
    {
        b"\xff\xd8\xff": _jpeg_is_compared,
        b"\x89PNG\r\n\x1a\n": _png_is_compared,
        b"BM": _bmp_is_compared,
        b"RIFF": _webp_is_compared,
        b"II*\0": _tiff_is_compared,
        b"MM\0*": _tiff_is_compared,
    }
)
_LONGEST: Final = max(map(len, _FORMATS))
