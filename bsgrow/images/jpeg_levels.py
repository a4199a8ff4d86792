"""The levels of a JPEG, by Pillow, which raises where it is cut short but not where data is lost.

The native decoder finds that; where it has no part in it, nothing does.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from bsgrow.images.encoded import Encoded, Levels
from bsgrow.images.image_error import ImageError
from bsgrow.images.orientation import forget_xmp

_START: Final = b"\xff\xd8"


@contextmanager
def opened_jpeg(content: Encoded) -> Iterator[Image.Image]:
    """Opens a JPEG, its header read and its pixels not yet; raises ImageError: it cannot be."""
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
            forget_xmp(image)
            yield image
    except ImageError:
        raise
    except UnidentifiedImageError as error:  # its message holds an address
        raise ImageError("not an image, or its header is damaged") from error
    except Exception as error:  # plugins of Pillow raise anything on broken files
        raise ImageError(f"cannot be decoded: {error or type(error).__name__}") from error


class JpegSize(NamedTuple):
    """Of a JPEG, in pixels, before it is turned."""

    height: int
    width: int


def read_jpeg_size(content: Encoded) -> JpegSize:
    """Read it from the header; raises ImageError."""
    with opened_jpeg(content) as image:
        return JpegSize(image.height, image.width)


def is_progressive(content: Encoded) -> bool:
    """Whether it is a JPEG, and progressive; raises ImageError: its header is damaged."""
    if bytes(content[:2]) != _START:
        return False
    with opened_jpeg(content) as image:
        return bool(image.info.get("progressive"))


def jpeg_levels(content: Encoded) -> Levels:
    """Its pixels, not turned; CMYK becomes RGB as Pillow does it; raises ImageError."""
    with opened_jpeg(content) as image:
        return np.asarray(image if image.mode == "L" else image.convert("RGB"))
