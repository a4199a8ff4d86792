"""The levels of a PNG, by Pillow, and whether all of its rows are there, undamaged.

Pillow is given the pixels in a PNG of nothing else: text, colour profiles, gamma, transparency and
animations have no effect on them. It leaves missing rows at 0: where the last one is not, all are
there, and else they are counted. It looks at no checksum of theirs: where that of a chunk does not
fit, the one of all rows decides.
"""

import io
import struct
import zlib
from typing import Final

import numpy as np
from PIL import Image

from bsgrow.images.encoded import Encoded, Levels, looked_up, scaled_to_eight_bits
from bsgrow.images.image_error import ImageError
from bsgrow.images.pillow import naming_damage
from bsgrow.images.png.header import (
    GREY,
    GREY_ALPHA,
    NUM_SAMPLES,
    PALETTE,
    RGB_ALPHA,
    SIGNATURE,
    PngHeader,
    read_png_header,
)

# Of each pass of an interlaced PNG: first column and row, and the steps to the next.
_PASSES: Final = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)

_BYTES_AT_ONCE: Final = 1 << 20

# Of 16 bits both bytes are wanted: the same rows, seen as pixels of twice the samples of 8 bits.
_TWICE: Final = {GREY: GREY_ALPHA, GREY_ALPHA: RGB_ALPHA}


def png_levels(content: Encoded) -> Levels:
    """The pixels of a PNG, not turned: scaled to the full range, transparency dropped.

    Of colour with 16 bits the upper eight are taken, which is less than a level off. An animated
    PNG shows its default image.

    Raises:
        ImageError: it is damaged, or rows are missing.
    """
    header = read_png_header(content)
    as_bytes = header.depth == 16 and header.colour_type in _TWICE
    if not _fits_checksums(header):
        _check_all_data(header)
    pixels = _by_pillow(header, as_bytes=as_bytes)
    if header.is_interlaced or not pixels[-1].any():
        _check_rows(header)
    if header.colour_type == PALETTE:
        return _coloured(header, pixels)
    if as_bytes:
        wide = pixels[:, :, 0].astype(np.uint16) << 8 | pixels[:, :, 1]
        return np.take(scaled_to_eight_bits(65535), wide)
    if pixels.ndim == 2:
        return pixels * np.uint8(255) if pixels.dtype == np.bool_ else pixels
    return np.ascontiguousarray(pixels[:, :, 0 if pixels.shape[2] == 2 else slice(3)])


def _fits_checksums(header: PngHeader) -> bool:
    """Tell whether each chunk of pixels is as it was written, as far as the file goes on."""
    start = zlib.crc32(b"IDAT")
    return all(
        len(stored) < 4 or zlib.crc32(part, start) == int.from_bytes(stored)
        for part, stored in zip(header.pixels, header.checksums, strict=True)
    )


def _check_all_data(header: PngHeader) -> None:
    """Raises ImageError: the rows are not those that their own checksum was made of."""
    inflate, data = zlib.decompressobj(), b"".join(header.pixels)
    try:
        while data and not inflate.eof:
            inflate.decompress(data, _BYTES_AT_ONCE)
            data = inflate.unconsumed_tail
    except zlib.error as error:
        raise ImageError(f"its pixels are damaged: {error}") from error
    if not inflate.eof:
        raise ImageError("its pixels are damaged: a checksum does not fit")


def _check_rows(header: PngHeader) -> None:
    """Count the bytes of the rows; raises ImageError: they are damaged, or too few."""
    wanted = _num_bytes(header)
    inflate, missing = zlib.decompressobj(), wanted
    try:
        for part in header.pixels:
            missing -= len(inflate.decompress(part, missing)) if missing > 0 else 0
    except zlib.error as error:
        raise ImageError(f"its pixels are damaged: {error}") from error
    if missing > 0:
        raise ImageError(f"pixels are missing: {missing} of the {wanted} bytes of its rows")


def _num_bytes(header: PngHeader) -> int:
    bits = header.depth * NUM_SAMPLES[header.colour_type]
    passes = _PASSES if header.is_interlaced else ((0, 0, 1, 1),)
    total = 0
    for left, top, across, down in passes:
        width = max(0, -(-(header.width - left) // across))
        height = max(0, -(-(header.height - top) // down))
        total += height * (1 + (width * bits + 7) // 8) if width else 0
    return total


def _by_pillow(header: PngHeader, *, as_bytes: bool) -> Levels:
    data = _plain_png(header, as_bytes=as_bytes)
    try:
        with (
            naming_damage("its pixels are damaged"),
            Image.open(io.BytesIO(data), formats=("PNG",)) as image,
        ):
            return np.asarray(image)
    except ImageError:
        _check_rows(header)  # which may say it better
        raise


def _plain_png(header: PngHeader, *, as_bytes: bool) -> bytes:
    depth, colour_type = header.depth, header.colour_type
    if as_bytes:
        depth, colour_type = 8, _TWICE[colour_type]
    size = (header.width, header.height)
    first = struct.pack(">IIBBBBB", *size, depth, colour_type, 0, 0, header.is_interlaced)
    palette = _chunk(b"PLTE", header.palette) if colour_type == PALETTE else b""
    pixels = _chunk(b"IDAT", b"".join(header.pixels))
    return SIGNATURE + _chunk(b"IHDR", first) + palette + pixels + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(data, zlib.crc32(name))
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)


def _coloured(header: PngHeader, indices: Levels) -> Levels:
    palette = np.frombuffer(header.palette, np.uint8)
    return looked_up(palette[: len(palette) // 3 * 3].reshape(-1, 3), indices)
