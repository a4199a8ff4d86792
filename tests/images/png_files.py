"""PNGs written by hand, of rows that are known."""

import struct
import zlib

import numpy as np

from tests.images.tiff_files import packed

GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_rows(samples, depth, *, is_interlaced=False):
    """Without a filter, the passes one behind the other."""
    parts = [samples]
    if is_interlaced:
        parts = [samples[top::down, left::across] for left, top, across, down in PASSES]
    return [
        b"\0" + row
        for part in parts
        if part.size
        for row in packed(part.reshape(*part.shape[:2], -1), depth, ">")
    ]


def png(samples, depth, colour_type, *, is_interlaced=False, before=b"", pixels=None):
    """A PNG; pixels in place of those of the samples, compressed as they come."""
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, is_interlaced)
    rows = b"".join(png_rows(samples, depth, is_interlaced=is_interlaced))
    data = zlib.compress(rows) if pixels is None else pixels
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before
    return start + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def palette_chunk(colours):
    return chunk(b"PLTE", np.asarray(colours, np.uint8).tobytes())
