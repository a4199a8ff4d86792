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
    return _transcoded("to_baseline", encoded, max_pixels)


def with_restarts(encoded: Encoded, *, max_pixels: int = MAX_PIXELS) -> bytes:
    """The same JPEG, baseline, cut into restart intervals of six units (MCUs) of a row at most.

    A window is then decoded without what lies above and beside it. Lossless, for 1 or 2 % more
    bytes than with Huffman tables made for the image, 4 % where no small number divides its units;
    what lies behind its end is left out. A lossless JPEG, one of 12 bits, and one of more
    coefficients than libjpeg holds in 512 MiB are returned as they are.

    Raises:
        ImageError: as :func:`to_baseline`.
    """
    return _transcoded("with_restarts", encoded, max_pixels)


def _transcoded(name: str, encoded: Encoded, max_pixels: int) -> bytes:
    if jpeg_extension is None:
        raise ImageError("bsgrow was built without libjpeg-turbo: _native_jpeg is missing")
    try:
        return bytes(getattr(jpeg_extension, name)(encoded=encoded, max_pixels=max_pixels))
    except ValueError as error:
        raise ImageError(str(error)) from error
