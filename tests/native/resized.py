"""Images resized by the native kernels, with nothing imported that takes a process long."""

import hashlib

import numpy as np

from bsgrow import _native

BYTES = {"scale": np.ones(3, np.float32), "bias": np.zeros(3, np.float32)}


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def resize(pixels, window, height, width, shorter=0):
    """The levels, as bytes [height, width, 3]."""
    out = np.full((3, height, width), -1, np.float32)
    window = np.asarray(window, np.int32)
    _native.resize_pixels(pixels=pixels, window=window, resize=shorter, out_image=out, **BYTES)
    return out.transpose(1, 2, 0).astype(np.uint8)


def digest():
    """A digest of images that are made much smaller, larger in a side, and of odd sizes."""
    pixels, window = noise(427, 640), (20, 40, 380, 560, 1)
    levels = [resize(pixels, window, *size) for size in ((224, 224), (7, 300), (31, 9), (500, 31))]
    return hashlib.sha256(b"".join(each.tobytes() for each in levels)).hexdigest()
