"""The JPEGs inside of a TIFF: one for each strip or tile; TIFF Technical Note 2."""

from collections.abc import Iterator
from typing import Final

from bsgrow.images.encoded import Encoded
from bsgrow.images.tiff.header import Compression, Photometric, TiffHeader, read_tiff_header
from bsgrow.images.tiff.segments import Segment, segments

_TABLES: Final = 347  # tag
_START, _END = b"\xff\xd8", b"\xff\xd9"
_ADOBE: Final = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0"  # what the transform follows


def jpegs_inside(content: Encoded) -> Iterator[bytes]:
    """Each JPEG, whole, of a TIFF that holds any; nothing else says whether data is lost in them.

    Raises:
        ImageError: as :func:`~bsgrow.images.tiff.header.read_tiff_header`.
    """
    header = read_tiff_header(content)
    if header.compression is Compression.JPEG:
        for segment in segments(header):
            yield as_jpeg(header, content, segment)


def as_jpeg(header: TiffHeader, content: Encoded, segment: Segment) -> bytes:
    """A strip or tile as a file of its own, with the tables and the colours of the TIFF."""
    data = bytes(memoryview(content)[segment.start : segment.start + segment.length])
    tables = bytes(header.tags.all(_TABLES)).removeprefix(_START).removesuffix(_END)
    colours = b""
    if header.num_samples == 3:
        colours = _ADOBE + bytes([header.photometric is Photometric.YCBCR])
    return _START + colours + tables + data.removeprefix(_START)
