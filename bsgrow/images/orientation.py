"""How an image file is shown: the EXIF orientation, by one rule wherever Pillow opens images.

It is read from EXIF alone, as the native decoder reads it: Pillow would look into XMP too.
"""

import io
from types import MappingProxyType
from typing import Final

import numpy as np
from PIL import Image

from bsgrow.images.encoded import Encoded, Levels
from bsgrow.images.tiff_directory import read_tags

JPEG_FORMATS: Final = ("JPEG", "MPO")
"""What Pillow calls a JPEG; a multi-picture file is one with more JPEGs behind it."""

ORIENTATION_TAG: Final = 0x0112
"""Of EXIF; in a TIFF it is one of the image's own tags."""

TRANSPOSED: Final = (5, 6, 7, 8)
"""Orientations that swap height and width."""

_XMP_KEYS: Final = ("xmp", "XML:com.adobe.xmp")  # of Image.info; the second in older Pillow

# How the pixels of each orientation become upright: EXIF 2.32, section 4.6.5.1, as in Pillow.
_METHODS: Final = MappingProxyType(
    {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
)


def forget_xmp(image: Image.Image) -> None:
    """Keeps Pillow from turning an image by its XMP; for one that was just opened."""
    for key in _XMP_KEYS:
        image.info.pop(key, None)


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none, or none that makes sense."""
    try:
        value = _exif(image).get(ORIENTATION_TAG, 1)
    except Exception:  # plugins of Pillow raise anything on broken files
        return 1
    return value if value in range(1, 9) else 1


def _exif(image: Image.Image) -> Image.Exif:
    if image.format in JPEG_FORMATS:  # Pillow may have looked into XMP on opening it
        exif = Image.Exif()
        exif.load(image.info.get("exif", b""))
        return exif
    if image.format == "PNG" and "exif" not in image.info:
        image.load()  # EXIF and XMP may follow the pixels
    forget_xmp(image)
    return image.getexif()


def orientation_of(content: Encoded) -> int:
    """The EXIF orientation of a file, 1 to 8; 1 where there is none, or none that makes sense."""
    try:
        if bytes(content[:2]) in (b"II", b"MM"):  # Pillow opens few of the TIFFs that are read
            value = read_tags(content).one(ORIENTATION_TAG, 1)
            return value if value in range(1, 9) else 1
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as image:
            forget_xmp(image)
            return orientation(image)
    except Exception:  # plugins of Pillow raise anything on broken files
        return 1


def turned(levels: Levels, orientation: int) -> Levels:
    """Stored pixels as they are shown."""
    method = _METHODS.get(orientation)
    return levels if method is None else np.asarray(Image.fromarray(levels).transpose(method))
