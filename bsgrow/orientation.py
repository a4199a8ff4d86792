"""How an image file is shown: the EXIF orientation, by one rule wherever Pillow opens images."""

from typing import Final

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

JPEG_FORMATS: Final = ("JPEG", "MPO")
"""What Pillow calls a JPEG; a multi-picture file is one with more JPEGs behind it."""

ORIENTATION_TAG: Final = 0x0112
"""Of EXIF; in a TIFF it is one of the image's own tags."""

_TRANSPOSED: Final = (5, 6, 7, 8)  # orientations that swap height and width
_IMAGE_WIDTH, _IMAGE_LENGTH = 0x0100, 0x0101  # tags of a TIFF


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none, or none that makes sense.

    Of a JPEG by its EXIF alone, as the native decoder reads it: Pillow would look into XMP too.
    A TIFF has 1 once it is loaded, since Pillow turns its pixels then.
    """
    try:
        value = _exif(image).get(ORIENTATION_TAG, 1)
    except Exception:  # plugins of Pillow raise anything on broken files
        return 1
    return value if value in range(1, 9) else 1


def _exif(image: Image.Image) -> Image.Exif:
    if image.format not in JPEG_FORMATS:
        return image.getexif()
    exif = Image.Exif()
    exif.load(image.info.get("exif", b""))
    return exif


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
