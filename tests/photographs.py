"""Photographs to test with: scikit-learn's two, cut and encoded in every way that JPEG has."""

import functools
import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps
from sklearn.datasets import load_sample_images

Pixels = npt.NDArray[np.uint8]


@functools.cache
def photograph(index: int) -> Pixels:
    """uint8 [427, 640, 3]."""
    return np.ascontiguousarray(load_sample_images().images[index])


def cut(height: int, width: int, index: int = 0, top: int = 20, left: int = 60) -> Pixels:
    return np.ascontiguousarray(photograph(index)[top : top + height, left : left + width])


def encode(pixels: Pixels, mode: str = "RGB", **options: Any) -> bytes:
    """A JPEG; quality 88 and options of Pillow's writer."""
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "JPEG", **{"quality": 88} | options)
    return file.getvalue()


def save(pixels: Pixels | Image.Image, format_name: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(file, format_name, **options)
    return file.getvalue()


def decode(encoded: bytes) -> Pixels:
    """What Pillow makes of it, as it is shown."""
    with Image.open(io.BytesIO(encoded)) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
