"""JPEGs made baseline, which is all that hardware decoders read."""

from bsgrow.images.encoded import MAX_PIXELS, Encoded
from bsgrow.images.image_error import ImageError
from bsgrow.native.extension import jpeg_extension


def to_baseline(encoded: Encoded, *, max_pixels: int = MAX_PIXELS) -> bytes:
    """The same JPEG, baseline: progressive and arithmetic coding become Huffman-coded rows.

    Lossless: the coefficients are the same, and so are the markers (EXIF, ICC, comments). What is
    baseline already is returned byte for byte. Hardware decoders read nothing else.

    Raises:
        ImageError: it is no JPEG, or broken, or too large.
    """
    if jpeg_extension is None:
        raise ImageError("bsgrow was built without libjpeg-turbo: _native_jpeg is missing")
    try:
        return jpeg_extension.to_baseline(encoded=encoded, max_pixels=max_pixels)
    except ValueError as error:
        raise ImageError(str(error)) from error
