"""The levels of a TIFF of any depth, whatever its strips, tiles, planes and extra samples."""

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bsgrow.images.encoded import Encoded, Levels, looked_up, scaled_to_eight_bits
from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.levels import jpeg_levels
from bsgrow.images.tiff.header import Compression, Photometric, TiffHeader, read_tiff_header
from bsgrow.images.tiff.jpeg import as_jpeg
from bsgrow.images.tiff.segments import Rows, Segment, decompressed, segments
from bsgrow.images.tiff.ycbcr import from_clumps, subsampling, to_rgb

Samples: TypeAlias = NDArray[np.unsignedinteger]
"""Numbers of so many bits as the file says."""


def tiff_levels(content: Encoded) -> Levels:
    """The first image as it is stored, not turned.

    A depth is scaled to the full range, white-is-zero is inverted, a palette looked up, and CMYK
    becomes RGB as Pillow does it. Transparency is dropped: the colours are those that were there
    before an associated alpha was multiplied in.

    Raises:
        ImageError: it is of a kind that is not read, damaged, or pixels are missing.
    """
    header = read_tiff_header(content)
    found = segments(header)
    if header.compression is Compression.JPEG:
        parts = ((each, _jpeg(header, content, each)) for each in found)
        return _plain_channels(_pasted(header, parts).astype(np.uint8))
    parts = (
        (segment, _samples(header, segment, rows))
        for segment, rows in decompressed(header, content, found)
    )
    return _levels(header, _pasted(header, parts))


def _pasted(header: TiffHeader, parts: Iterable[tuple[Segment, Samples]]) -> Samples:
    """The samples of all segments that have an effect: ``[height, width, samples]``."""
    alpha = header.associated_alpha
    num = header.num_colours if alpha is None else alpha + 1
    dtype = np.uint8 if header.bits <= 8 else np.uint16
    whole: Samples = np.empty((header.height, header.width, num), dtype)
    for segment, samples in parts:
        target = whole[segment.top :, segment.left :, segment.channel :]
        target = target[: segment.height, : segment.width, : samples.shape[2]]
        height, width, channels = target.shape
        target[:] = samples[:height, :width, :channels]
    return whole


def _jpeg(header: TiffHeader, content: Encoded, segment: Segment) -> Samples:
    levels = jpeg_levels(as_jpeg(header, content, segment))
    levels = levels.reshape(*levels.shape[:2], -1)
    height = min(segment.height, header.height - segment.top)
    expected = (height, min(segment.width, header.width - segment.left), header.num_samples)
    if any(has < needs for has, needs in zip(levels.shape, expected, strict=True)):
        raise ImageError("pixels are missing: a JPEG of it is smaller than its strip or tile")
    return levels[: segment.height, : segment.width]


def _samples(header: TiffHeader, segment: Segment, rows: Rows) -> Samples:
    """Of each pixel of a segment: ``[height, width, samples]``."""
    if header.photometric is Photometric.YCBCR:
        return from_clumps(rows, segment.height, segment.width, subsampling(header.tags))
    shape = (segment.height, segment.width, 1 if header.is_planar else header.num_samples)
    samples: Samples
    if header.bits == 8:
        samples = rows.reshape(shape)
    elif header.bits == 16:
        samples = np.ascontiguousarray(rows).view(header.tags.order + "u2").reshape(shape)
    else:
        samples = _unpacked(rows, header.bits, shape)
    if header.predictor == 2:
        samples = np.cumsum(samples, axis=1, dtype=samples.dtype.newbyteorder("="))
    return samples


def _unpacked(rows: Rows, bits: int, shape: tuple[int, int, int]) -> NDArray[np.uint16]:
    each_bit = np.unpackbits(rows, axis=1, count=shape[1] * shape[2] * bits)
    samples = np.zeros((*shape, 1), np.uint16)[..., 0]
    for bit in np.moveaxis(each_bit.reshape(*shape, bits), -1, 0):
        samples = samples << np.uint16(1) | bit
    return samples


def _levels(header: TiffHeader, samples: Samples) -> Levels:
    highest = (1 << header.bits) - 1
    colours = samples[:, :, : header.num_colours]
    if header.photometric is Photometric.PALETTE:
        return looked_up(_palette(header), colours[:, :, 0])
    alpha = header.associated_alpha
    if alpha is not None:
        return _plain_channels(_before_alpha(colours, samples[:, :, alpha, None], highest))
    if header.photometric is Photometric.YCBCR:
        return to_rgb(colours, header.tags)
    if header.photometric is Photometric.CMYK:
        return _without_ink(colours, highest)
    levels = np.take(scaled_to_eight_bits(highest), colours)
    if header.photometric is Photometric.WHITE_IS_ZERO:
        levels = 255 - levels
    return _plain_channels(levels)


def _plain_channels(levels: Levels) -> Levels:
    return np.ascontiguousarray(levels[:, :, 0] if levels.shape[2] == 1 else levels)


def _before_alpha(colours: Samples, alpha: Samples, highest: int) -> Levels:
    """Colours of which an alpha was multiplied in; where that is 0, as they are."""
    wide = np.where(alpha == 0, highest, alpha).astype(np.uint32)
    levels = (colours.astype(np.uint32) * 510 + wide) // (2 * wide)
    at_most: Levels = np.minimum(levels, 255).astype(np.uint8)
    return at_most


def _without_ink(inks: Samples, highest: int) -> Levels:
    light = (highest - inks).astype(np.uint64)
    product = light[:, :, :3] * light[:, :, 3:] * 510
    return ((product + highest**2) // (2 * highest**2)).astype(np.uint8)


def _palette(header: TiffHeader) -> Levels:
    colours = np.array(header.tags.all(320))
    if len(colours) != 3 << header.bits:
        raise ImageError("its palette is missing or cut")
    if colours.max() > 255:  # else some programs wrote 8 bits
        colours = colours >> 8  # exact where 8 bits were multiplied by 257, or by 256
    return np.ascontiguousarray(colours.reshape(3, -1).T.astype(np.uint8))
