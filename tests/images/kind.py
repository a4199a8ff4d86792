"""What an image file of a kind is compared with."""

import io
from typing import NamedTuple

import numpy as np
from PIL import Image

SHAPE = (19, 23)
DRAWN = np.random.default_rng(15)
ROUNDED = 0.5 + 1e-6


class Kind(NamedTuple):
    """A file and the levels that it was made of.

    Attributes:
        content: of the file.
        levels: of 255, not rounded, ``[height, width]`` or ``[height, width, 3]``.
        by_dali: whether DALI is given it.
        at_most: levels that what is decoded may be off.
    """

    content: bytes
    levels: np.ndarray
    by_dali: bool = False
    at_most: float = ROUNDED

    @property
    def shown(self):
        """Its levels as red, green and blue: float64 ``[height, width, 3]``."""
        levels = self.levels.astype(np.float64)
        return levels if levels.ndim == 3 else np.repeat(levels[..., None], 3, 2)


def drawn(bits, num_samples=None):
    """Integers of so many bits, the darkest and the brightest among them."""
    samples = DRAWN.integers(0, 1 << bits, (*SHAPE, *([num_samples] if num_samples else [])))
    samples[0, 0], samples[-1, -1] = 0, (1 << bits) - 1
    return samples


def scaled(samples, bits):
    return samples * 255 / ((1 << bits) - 1)


def saved(pixels, format_name, **options):
    stream = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(stream, format_name, **options)
    return stream.getvalue()
