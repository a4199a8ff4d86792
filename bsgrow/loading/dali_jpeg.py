"""Which JPEGs DALI is given."""

from typing import Final

from bsgrow.images.encoded import Encoded
from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.header import JpegHeader, has_end, read_jpeg_header
from bsgrow.images.jpeg.scans import are_all_brought

_FRAMES: Final = (0xC0, 0xC2)  # baseline and progressive, Huffman-coded
_NUMBERED: Final = b"\1\2\3"  # the components of a JFIF file
_NO_ADOBE, _YCBCR = -1, 1


def jpeg_compared(image: Encoded) -> bool:
    """Whether DALI decodes a JPEG as libjpeg-turbo does.

    That is baseline or progressive, of 8 bits, grey or YCbCr, with its end and with nothing between
    its segments. Left out are, since decoders read them in ways of their own: four components
    (without an Adobe marker DALI takes the ink for its opposite); three whose markers do not all
    say YCbCr, as RGB; arithmetic coding, 12 bits, lossless ones; bytes between segments; scans
    that are left out, whose part DALI smooths over.
    """
    try:
        header = read_jpeg_header(image)
    except ImageError:
        return False
    plain = header.frame in _FRAMES and header.precision == 8 and header.tidy
    return (
        plain
        and _has_plain_colours(header)
        and has_end(image)
        and are_all_brought(image, header.num_components)
    )


def _has_plain_colours(header: JpegHeader) -> bool:
    if header.num_components == 3:
        said = header.jfif or header.adobe_transform == _YCBCR or header.component_ids == _NUMBERED
        return said and header.adobe_transform in (_NO_ADOBE, _YCBCR)
    return header.num_components == 1
