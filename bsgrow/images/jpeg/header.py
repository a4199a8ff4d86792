"""The header of a JPEG, up to its first scan, and its end, which a copy may have lost.

These are the same answers for training, packing and verifying, whatever decodes. A decoder that
needs only the upper part of an image does not notice that the lower one is missing, and libjpeg by
itself fills it with grey.
"""

from typing import NamedTuple

from bsgrow.images.encoded import MAX_PIXELS, Encoded
from bsgrow.images.image_error import ImageError
from bsgrow.native.extension import extension, jpeg_extension

CUT_SHORT = "the JPEG is cut short: it has no end"
"""What is wrong with one, for messages."""

# Huffman-coded: baseline, extended, progressive and lossless; arithmetically: the second and third.
_FRAMES = (0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA)
_NUM_COMPONENTS = (1, 3, 4)

_START_OF_IMAGE = b"\xff\xd8"
_END_OF_IMAGE = b"\xff\xd9"


class JpegHeader(NamedTuple):
    """Markers and segments up to the first scan.

    Args:
        height: in pixels, before the image is turned.
        width: likewise.
        orientation: 1 to 8, by EXIF; see :mod:`bsgrow.images.orientation`.
        frame: the marker of the frame header: 0xC0 is baseline, 0xC2 progressive.
        precision: bits of a sample.
        num_components: how many there are.
        component_ids: of the first four, a byte each.
        jfif: whether there is a JFIF marker.
        adobe_transform: of the Adobe marker, -1 without one.
        tidy: whether there is nothing between the segments but fill bytes.
    """

    height: int
    width: int
    orientation: int
    frame: int
    precision: int
    num_components: int
    component_ids: bytes
    jfif: bool
    adobe_transform: int
    tidy: bool

    @property
    def is_progressive(self) -> bool:
        """Whether its coefficients come in several scans."""
        return self.frame % 4 == 2


def is_jpeg(content: Encoded) -> bool:
    """Tell whether an image begins as a JPEG does."""
    return bytes(content[:2]) == _START_OF_IMAGE


def read_jpeg_header(content: Encoded) -> JpegHeader:
    """Read all that lies before the first scan.

    Raises:
        ImageError: it is damaged, or tells of a kind that no decoder here reads.
    """
    try:
        header = JpegHeader(*extension.read_jpeg_header(content))
    except ValueError as error:
        raise ImageError(str(error)) from error
    components, bits = header.num_components, header.precision
    if components not in _NUM_COMPONENTS or bits != 8:
        raise ImageError(f"a JPEG of {components} components of {bits} bits is not read")
    if header.frame not in _FRAMES:
        raise ImageError(f"a JPEG of this kind (SOF{header.frame - 0xC0}) is not read")
    return header


def has_end(content: Encoded) -> bool:
    """Tell whether a JPEG has its end marker, behind its first scan."""
    return extension.has_jpeg_end(content)


def is_cut_short(content: Encoded) -> bool:
    """Tell whether a JPEG lacks its end; other formats never do, and their decoders know.

    Bytes behind the end, as some cameras and editors leave there, are fine. An end before the
    first scan, as that of a thumbnail, does not count. Where the marker alone is missing, every row
    is there, each coefficient to its last bit, and nothing follows, that is no loss; to tell takes
    the module for JPEGs, and a decoding.
    """
    if not is_jpeg(content) or has_end(content):
        return False
    if jpeg_extension is None:
        return True
    return not jpeg_extension.is_whole(encoded=content, max_pixels=MAX_PIXELS)


def with_end(content: Encoded) -> Encoded:
    """A JPEG that lacks the end marker alone, with one, as Pillow wants; all else as it is."""
    if not is_jpeg(content) or has_end(content) or is_cut_short(content):
        return content
    return bytes(content) + _END_OF_IMAGE
