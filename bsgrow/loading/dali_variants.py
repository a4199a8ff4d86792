"""Which variants of a format DALI decodes, within a level, to what they hold: those compared.

`tests/loading/test_dali_variants.py` compares each with the levels that it was made of. All others
are decoded natively, or refused there with the reason.
"""

from typing import Final

from bsgrow.images.bmp.header import BmpCompression, read_bmp_header
from bsgrow.images.encoded import Encoded
from bsgrow.images.image_error import ImageError
from bsgrow.images.png.header import PALETTE, read_png_header
from bsgrow.images.tiff.header import Compression, Photometric, read_tiff_header
from bsgrow.images.tiff.segments import segments
from bsgrow.images.webp import read_webp_header

_BMP_HEADERS: Final = (40, 108, 124)
_TIFF_COLOURS: Final = {Photometric.BLACK_IS_ZERO: 1, Photometric.RGB: 3}


def png_compared(image: Encoded) -> bool:
    """All, but those with fewer colours than their bits can tell: DALI shows the others black."""
    try:
        header = read_png_header(image)
    except ImageError:
        return False
    return header.colour_type != PALETTE or len(header.palette) == 3 << header.depth


def bmp_compared(image: Encoded) -> bool:
    """24 and 32 bits, and 8 with a whole palette; neither masks nor run lengths nor OS/2."""
    try:
        header = read_bmp_header(image)
    except ImageError:
        return False
    _, _, num_colours = header.palette
    return (
        header.header_bytes in _BMP_HEADERS
        and header.compression is BmpCompression.NONE
        and (header.bits in (24, 32) or (header.bits == 8 and num_colours == 256))
    )


def webp_compared(image: Encoded) -> bool:
    """Still pictures, lossy or lossless, with alpha or without."""
    try:
        return not read_webp_header(image).is_animated
    except ImageError:
        return False


def tiff_compared(image: Encoded) -> bool:
    """Grey and RGB of 8 bits, black is zero and nothing else in a pixel, without compression.

    Of compressed strips DALI reads those that its window needs: it would not see what is missing.
    """
    try:
        header = read_tiff_header(image)
        segments(header)
    except ImageError:
        return False
    return (
        header.bits == 8
        and _TIFF_COLOURS.get(header.photometric) == header.num_samples
        and header.compression is Compression.NONE
        and not (header.is_planar or header.reverses_bits or header.tags.is_big)
    )
