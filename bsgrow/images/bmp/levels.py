"""The levels of a BMP of any depth, with palette, masks or run lengths."""

import numpy as np
from numpy.typing import NDArray

from bsgrow.images.bmp.header import (
    WHOLE_BYTES,
    BmpCompression,
    BmpHeader,
    Masks,
    read_bmp_header,
)
from bsgrow.images.bmp.run_length import unpacked_runs
from bsgrow.images.encoded import Encoded, Levels, looked_up, require_bytes, scaled_to_eight_bits

_RUN_LENGTH = (BmpCompression.RUN_LENGTH_8, BmpCompression.RUN_LENGTH_4)


def bmp_levels(content: Encoded) -> Levels:
    """The pixels of a BMP, its depth scaled to the full range; what masks leave over is dropped.

    Raises:
        ImageError: it is of a kind that is not read, damaged, or pixels are missing.
    """
    header = read_bmp_header(content)
    rows = _runs(header, content) if header.compression in _RUN_LENGTH else _rows(header, content)
    if header.masks is None:
        levels = _coloured(header, content, rows)
    elif header.masks == WHOLE_BYTES:
        levels = rows.view(np.uint8).reshape(*rows.shape, -1)[:, :, 2::-1]
    else:
        levels = _masked(rows, header.masks)
    return np.ascontiguousarray(levels if header.is_top_down else levels[::-1])


def _rows(header: BmpHeader, content: Encoded) -> NDArray[np.unsignedinteger]:
    """The number that each pixel is, in the order of the file: ``[height, width]``."""
    row_bytes = (header.width * header.bits + 31) // 32 * 4
    last = (header.width * header.bits + 7) // 8  # of the last row the padding may be missing
    num_bytes = (header.height - 1) * row_bytes + last
    part = require_bytes(content, header.pixels, num_bytes)
    data = np.zeros(header.height * row_bytes, np.uint8)
    data[:num_bytes] = np.frombuffer(part, np.uint8)
    rows = data.reshape(header.height, row_bytes)
    if header.bits < 8:
        return _unpacked(rows, header)
    used = np.ascontiguousarray(rows[:, :last])
    if header.bits == 24:
        return _of_three_bytes(used.reshape(header.height, header.width, 3))
    return used.view(np.dtype(f"<u{header.bits // 8}"))


def _unpacked(rows: Levels, header: BmpHeader) -> Levels:
    shifts = np.arange(8 - header.bits, -1, -header.bits, dtype=np.uint8)
    pixels = rows[:, :, None] >> shifts & np.uint8((1 << header.bits) - 1)
    return pixels.reshape(header.height, -1)[:, : header.width]


def _of_three_bytes(pixels: Levels) -> NDArray[np.uint32]:
    whole = np.zeros((*pixels.shape[:2], 4), np.uint8)
    whole[:, :, :3] = pixels
    return whole.view(np.dtype("<u4"))[:, :, 0]


def _masked(pixels: NDArray[np.unsignedinteger], masks: Masks) -> Levels:
    wide = pixels.astype(np.uint32)
    channels = []
    for mask in masks:
        lowest = mask & -mask
        values = (wide & np.uint32(mask)) // np.uint32(lowest)
        channels.append(np.take(scaled_to_eight_bits(mask // lowest), values))
    return np.stack(channels, axis=2)


def _runs(header: BmpHeader, content: Encoded) -> Levels:
    data = bytes(memoryview(content)[header.pixels :])
    return unpacked_runs(data, header.height, header.width, header.bits)


def _coloured(header: BmpHeader, content: Encoded, indices: NDArray[np.unsignedinteger]) -> Levels:
    at, entry, num = header.palette
    palette = np.frombuffer(require_bytes(content, at, num * entry), np.uint8).reshape(num, entry)
    return looked_up(palette[:, 2::-1], indices)
