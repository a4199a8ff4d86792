"""Images that the native decoder leaves to Pillow: PNG, WebP, CMYK, 16 bits and the like.

Only the formats of torchvision's image folder are opened, and no plugin that runs other programs.
"""

import io
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from bsgrow.images.orientation import as_shown, forget_xmp, size_as_shown
from bsgrow.images.pixel_depth import has_16_bits, has_levels
from bsgrow.native.image_error import ImageError

Encoded = bytes | bytearray | memoryview
"""The bytes of one image, as a file holds them."""

FORMATS: Final = ("JPEG", "PNG", "PPM", "BMP", "GIF", "TIFF", "WEBP")


def pillow_size(encoded: Encoded, max_pixels: int) -> tuple[int, int]:
    """Height and width as shown, without decoding.

    Raises:
        ImageError: it is none of :data:`FORMATS`, broken, or has more than max_pixels, or pixels
            that are no levels (32 bits).
    """
    try:
        with _open(encoded, max_pixels) as image:
            _require_levels(image)
            return size_as_shown(image)
    except Exception as error:  # plugins of Pillow raise anything on broken files
        raise _reason(error) from error


def pillow_pixels(encoded: Encoded, max_pixels: int) -> npt.NDArray[np.uint8]:
    """Decodes an image as it is shown: uint8 ``[height, width, 3]``.

    The EXIF orientation is applied, that of XMP is not. CMYK becomes RGB as Pillow does it,
    greyscale three equal channels; transparency is dropped, as torchvision's loader does; 16 bits
    of grey are divided by 257 and rounded. Of colour with 16 bits Pillow keeps the upper eight. An
    animation shows its first frame.

    Raises:
        ImageError: as :func:`pillow_size`.
    """
    try:
        with _open(encoded, max_pixels) as image:
            _require_levels(image)
            to_levels = _from_16_bits if has_16_bits(image) else _to_rgb
            return np.ascontiguousarray(to_levels(as_shown(image)))
    except Exception as error:  # plugins of Pillow raise anything on broken files
        raise _reason(error) from error


def _open(encoded: Encoded, max_pixels: int) -> Image.Image:
    if len(encoded) == 0:
        raise ImageError("it is empty")
    image = Image.open(io.BytesIO(encoded), formats=FORMATS)
    forget_xmp(image)
    if image.width * image.height > max_pixels:
        raise ImageError(
            f"{image.height} x {image.width} pixels are more than the {max_pixels} allowed"
        )
    return image


def _require_levels(image: Image.Image) -> None:
    if not has_levels(image):
        raise ImageError(f"its pixels are numbers of 32 bits (mode {image.mode}), not levels")


def _from_16_bits(image: Image.Image) -> npt.NDArray[np.uint8]:
    grey = ((np.asarray(image).astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _to_rgb(image: Image.Image) -> npt.NDArray[np.uint8]:
    # A palette with transparency is converted by way of RGBA: Pillow warns otherwise.
    opaque = image.convert("RGBA") if image.mode in {"P", "PA"} else image
    return np.asarray(opaque.convert("RGB"))


def _reason(error: Exception) -> ImageError:
    if isinstance(error, ImageError):
        return error
    if isinstance(error, UnidentifiedImageError):  # its message holds an address
        return ImageError(f"not an image that can be read (one of {', '.join(FORMATS)})")
    return ImageError(f"Pillow cannot decode it: {error}" if str(error) else repr(error))
