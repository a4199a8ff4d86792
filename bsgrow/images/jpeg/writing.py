"""JPEGs written by Pillow: in another size, or encoded again; EXIF's orientation stays, no more."""

import io
from typing import Any

from PIL import Image, features

from bsgrow.images.encoded import Encoded
from bsgrow.images.jpeg.levels import opened_jpeg
from bsgrow.images.orientation import ORIENTATION_TAG, UPRIGHT, orientation_of
from bsgrow.images.reading import stored_levels


def resized_jpeg(content: Encoded, size: tuple[int, int], quality: int) -> bytes:
    """An image in another size, by Pillow's Lanczos filter of the levels that training sees.

    Args:
        content: of any format that is read.
        size: width and height, before the image is turned.
        quality: 1 to 100, as Pillow counts it.

    Raises:
        ImageError: as :func:`~bsgrow.images.reading.stored_levels`.
    """
    image = Image.fromarray(stored_levels(content)).resize(size, Image.Resampling.LANCZOS)
    return _encoded(image, orientation_of(content), quality=quality)


def jpeg_encoded_again(content: Encoded, quality: int) -> bytes:
    """A JPEG made baseline with its own quantisation tables: its pixels change by a rounding.

    Args:
        content: a JPEG.
        quality: for one whose tables Pillow cannot keep.

    Raises:
        ImageError: it cannot be decoded.
    """
    with opened_jpeg(content) as image:
        # Pillow can keep the tables of a file it knows as a plain JPEG.
        how: dict[str, Any] = {"quality": "keep" if image.format == "JPEG" else quality}
        return _encoded(image, orientation_of(content), **how)


def encoder_versions() -> str:
    """Versions on which the bytes of an encoded image depend."""
    return " ".join(str(features.version(name)) for name in ("pil", "jpg", "libjpeg_turbo"))


def _encoded(image: Image.Image, orientation: int, **how: Any) -> bytes:
    exif = Image.Exif()
    if orientation != UPRIGHT:
        exif[ORIENTATION_TAG] = orientation
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif, **how)
    return buffer.getvalue()
