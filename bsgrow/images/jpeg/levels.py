"""The levels of a JPEG, by Pillow, which raises where it is cut short but not where data is lost.

The native decoder finds that; where it has no part in it, nothing does.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, UnidentifiedImageError

from bsgrow.images.encoded import Encoded, Levels
from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.header import CUT_SHORT, is_cut_short, with_end
from bsgrow.images.pillow import naming_damage


@contextmanager
def opened_jpeg(content: Encoded) -> Iterator[Image.Image]:
    """Opens a JPEG, its header read and its pixels not yet; raises ImageError: it cannot be."""
    with naming_damage("cannot be decoded"):
        try:
            with Image.open(io.BytesIO(with_end(content)), formats=("JPEG",)) as image:
                yield image
        except UnidentifiedImageError as error:  # its message holds an address
            raise ImageError("not an image, or its header is damaged") from error


def jpeg_levels(content: Encoded) -> Levels:
    """The pixels of a JPEG, not turned; CMYK becomes RGB as Pillow does it; raises ImageError."""
    with opened_jpeg(content) as image:
        levels = np.asarray(image if image.mode == "L" else image.convert("RGB"))
    if is_cut_short(content):  # and Pillow took what follows it for the rest
        raise ImageError(CUT_SHORT)
    return levels
