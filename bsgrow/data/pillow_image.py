"""Opening image files with Pillow, whatever they hold: an image, or a ValueError that says why."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from PIL import Image, UnidentifiedImageError

from bsgrow.images.orientation import forget_xmp, size_as_shown
from bsgrow.images.pixel_depth import has_levels

Buffer: TypeAlias = bytes | memoryview

FORMATS = ("JPEG", "PNG", "PPM", "BMP", "GIF", "TIFF", "WEBP")
"""What an image file may be, whatever its name says: no format that runs another program."""

# What Pillow's parsers let through on damaged files, met in its own bug reports and by fuzzing.
_DECODE_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


class NotAnImageError(ValueError):
    """The bytes are no image that can be used; the message says why."""


@contextmanager
def opened_image(content: Buffer) -> Iterator[Image.Image]:
    """Opens an image, its header read and its pixels not yet; turns all that fails into one error.

    Raises:
        NotAnImageError: it is none of `FORMATS`, damaged, or has more pixels than Pillow's limit
            against decompression bombs, about 179 million, or pixels that are no levels (32 bits).
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            forget_xmp(image)
            _require_levels(image)
            yield image
    except NotAnImageError:
        raise
    except Image.DecompressionBombError as error:
        raise NotAnImageError(f"a decompression bomb? {error}") from error
    except UnidentifiedImageError as error:
        raise NotAnImageError("not an image, or its header is damaged") from error
    except _DECODE_ERRORS as error:
        raise NotAnImageError(f"cannot be decoded: {error or type(error).__name__}") from error


def _require_levels(image: Image.Image) -> None:
    """Refuses what training refuses."""
    if not has_levels(image):
        raise NotAnImageError(f"its pixels are numbers of 32 bits (mode {image.mode}), not levels")


def check_decodes(content: Buffer) -> tuple[int, int]:
    """Decodes an image and throws the pixels away.

    Returns:
        Height and width after EXIF orientation.

    Raises:
        NotAnImageError: it cannot be decoded.
    """
    with opened_image(content) as image:
        size = size_as_shown(image)
        image.load()
        return size


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keeps Pillow's remarks on odd files off stderr; not for more than one thread to enter."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield
