"""The levels of a WebP, by Pillow, whose decoder raises where data is missing."""

import io

import numpy as np
from PIL import Image

from bsgrow.images.damage import naming_damage
from bsgrow.images.encoded import Encoded, Levels


def webp_levels(content: Encoded) -> Levels:
    """The pixels of its first frame, not turned, without their alpha; raises ImageError."""
    with (
        naming_damage("its pixels are damaged or missing"),
        Image.open(io.BytesIO(content), formats=("WEBP",)) as image,
    ):
        return np.ascontiguousarray(np.asarray(image)[:, :, :3])
