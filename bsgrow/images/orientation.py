"""How an image file is shown: the EXIF orientation, by one rule wherever Pillow opens images.

It is read from EXIF alone, as the native decoder reads it: Pillow would look into XMP too.
"""

from types import MappingProxyType
from typing import Final

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

JPEG_FORMATS: Final = ("JPEG", "MPO")
"""What Pillow calls a JPEG; a multi-picture file is one with more JPEGs behind it."""

ORIENTATION_TAG: Final = 0x0112
"""Of EXIF; in a TIFF it is one of the image's own tags."""

_TRANSPOSED: Final = (5, 6, 7, 8)  # orientations that swap height and width
_IMAGE_WIDTH, _IMAGE_LENGTH = 0x0100, 0x0101  # tags of a TIFF
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
    """The EXIF orientation, 1 to 8; 1 where there is none, or none that makes sense.

    A TIFF has 1 once it is loaded, since Pillow turns its pixels then.
    """
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


def as_shown(image: Image.Image) -> Image.Image:
    """Decodes an image and turns it by its EXIF orientation.

    Raises:
        Exception: it is damaged; plugins of Pillow raise anything.
    """
    image.load()  # which turns a TIFF already
    method = _METHODS.get(orientation(image))
    return image if method is None else image.transpose(method)


def size_as_shown(image: Image.Image) -> tuple[int, int]:
    """Height and width after EXIF orientation, whether the image was loaded or not."""
    swapped = orientation(image) in _TRANSPOSED
    width, height = _stored_size(image)
    return (width, height) if swapped else (height, width)


def _stored_size(image: Image.Image) -> tuple[int, int]:
    # Of a turned TIFF, Pillow 13 swaps the size on opening, older ones when they load it.
    if isinstance(image, TiffImageFile) and ORIENTATION_TAG in image.tag_v2:
        return image.tag_v2[_IMAGE_WIDTH], image.tag_v2[_IMAGE_LENGTH]
    return image.size
