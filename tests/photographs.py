"""Photographs to test with: scikit-learn's two, cut and encoded in every way that JPEG has."""

import functools
import io
import struct
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


def with_sampling(encoded: bytes, old: int, new: int, height: int, width: int) -> bytes:
    """Another sampling of colour, by as many blocks: the same data, scrambled but sound."""
    start = encoded.index(b"\xff\xc0")
    frame = bytearray(encoded[start : start + 19])
    assert frame[11] == old
    frame[5:9] = struct.pack(">HH", height, width)
    frame[11] = new
    return encoded[:start] + bytes(frame) + encoded[start + 19 :]


def with_scans(encoded: bytes, num_scans: int) -> bytes:
    """A JPEG that ends behind so many of its scans, as if the others had never been written."""
    start_of_scan, end = b"\xff\xda", b"\xff\xd9"
    parts = encoded.removesuffix(end).split(start_of_scan)
    return start_of_scan.join(parts[: num_scans + 1]) + end


def jpeg_kinds() -> dict[str, bytes]:
    """Name -> JPEG, odd sizes among them."""
    odd, even = cut(203, 317), cut(192, 320, index=1)
    noisy = np.random.default_rng(0).integers(0, 256, (75, 93, 3), dtype=np.uint8)
    half = encode(even, subsampling=1)
    quarter = encode(even, subsampling=2)
    return {
        "4:4:4": encode(odd, subsampling=0),
        "4:2:2": encode(odd, subsampling=1),
        "4:2:0": encode(odd, subsampling=2),
        "4:4:0": with_sampling(half, 0x21, 0x12, 320, 192),
        "4:1:1": with_sampling(quarter, 0x22, 0x41, 192, 320),
        "noise": encode(noisy, subsampling=2, quality=97),
        "progressive": encode(odd, progressive=True),
        "progressive 4:4:4": encode(odd, progressive=True, subsampling=0),
        "restarts": encode(odd, restart_marker_blocks=3),
        "restarts by row": encode(even, restart_marker_rows=1),
        "grey": encode(odd, mode="L"),
        "RGB": encode(odd, keep_rgb=True),
        "narrow": encode(cut(60, 3)),
        "low": encode(cut(3, 60)),
        "one pixel": encode(cut(1, 1)),
        "poor": encode(odd, quality=5),
    }
