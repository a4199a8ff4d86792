"""The levels of a WebP, by Pillow, whose decoder raises where data is missing."""

import io

import numpy as np
from PIL import Image

from bsgrow.images.encoded import Encoded, Levels
from bsgrow.images.image_error import ImageError


def webp_levels(content: Encoded) -> Levels:
    """The pixels of its first frame, not turned, without their alpha; raises ImageError."""
    try:
        with Image.open(io.BytesIO(content), formats=("WEBP",)) as image:
            return np.ascontiguousarray(np.asarray(image)[:, :, :3])
    except Exception as error:  # plugins of Pillow raise anything on broken files
        raise ImageError(f"its pixels are damaged or missing: {error}") from error
