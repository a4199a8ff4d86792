"""The strips or tiles of a TIFF: where they are, and their bytes decompressed, by libtiff.

libtiff is given the bytes as an image of 8 bits of grey (of 1 bit where they are fax), whatever
they hold, so that nothing but their compression depends on it.
"""

import io
import struct
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bsgrow.images.encoded import Encoded, require_bytes
from bsgrow.images.image_error import ImageError
from bsgrow.images.pillow import naming_damage
from bsgrow.images.tiff.fax import check_fax
from bsgrow.images.tiff.header import FAX, Compression, Photometric, TiffHeader
from bsgrow.images.tiff.ycbcr import subsampling

Rows = NDArray[np.uint8]
"""Bytes of rows of pixels: uint8 ``[num_rows, bytes]``."""

_BYTES_AT_ONCE: Final = 1 << 24
_MOST_BYTES: Final = 1 << 27  # of one segment, below what Pillow takes for a bomb
_REVERSED: Final = np.packbits(
    np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1), axis=1, bitorder="little"
).ravel()


class Segment(NamedTuple):
    """A strip or a tile.

    Attributes:
        top: of its first pixel in the image.
        left: likewise.
        channel: 0, or the sample that it holds where each has its own.
        height: of all its pixels; a tile may reach over the edge of the image.
        width: likewise.
        start: offset of its bytes.
        length: how many there are.
    """

    top: int
    left: int
    channel: int
    height: int
    width: int
    start: int
    length: int


def row_bytes(header: TiffHeader, width: int) -> int:
    """Bytes of so many pixels of a segment's row, or of as many as share their chroma."""
    if header.photometric is Photometric.YCBCR:
        across, down = subsampling(header.tags)
        return -(-width // across) * (across * down + 2)
    samples = 1 if header.is_planar else header.num_samples
    return (width * samples * header.bits + 7) // 8


def num_rows(header: TiffHeader, height: int) -> int:
    """Rows of bytes that so many rows of pixels are; fewer where they share their chroma."""
    down = subsampling(header.tags)[1] if header.photometric is Photometric.YCBCR else 1
    return -(-height // down)


def segments(header: TiffHeader) -> list[Segment]:
    """The strips or tiles that the pixels are in.

    Raises:
        ImageError: there are fewer strips or tiles than the image has, or one holds too little.
    """
    height, width = _segment_size(header)
    starts = header.tags.all(324 if header.is_tiled else 273)
    num = -(-header.height // height) * -(-header.width // width)
    num *= header.num_samples if header.is_planar else 1
    if len(starts) < num:
        raise ImageError(f"pixels are missing: it has {len(starts)} of {num} strips or tiles")
    lengths = header.tags.all(325 if header.is_tiled else 279)
    places = list(_places(header, height, width))
    if len(lengths) < num:
        lengths = _lengths_not_told(header, places)
    found = [Segment(*places[k], starts[k], lengths[k]) for k in range(num)]
    _check_lengths(header, found)
    return found


def _segment_size(header: TiffHeader) -> tuple[int, int]:
    if header.is_tiled:
        height, width = header.tags.one(323, 0), header.tags.one(322, 0)
    else:
        height, width = min(header.tags.one(278, header.height), header.height), header.width
    if height < 1 or width < 1:
        raise ImageError("its header is damaged: its strips or tiles have no size")
    return height, width


def _places(
    header: TiffHeader, height: int, width: int
) -> Iterator[tuple[int, int, int, int, int]]:
    for channel in range(header.num_samples if header.is_planar else 1):
        for top in range(0, header.height, height):
            rows = height if header.is_tiled else min(height, header.height - top)
            for left in range(0, header.width, width):
                yield top, left, channel, rows, width


def _lengths_not_told(
    header: TiffHeader, places: Sequence[tuple[int, int, int, int, int]]
) -> tuple[int, ...]:
    if header.compression is not Compression.NONE:
        raise ImageError("its header is damaged: its strips or tiles have no length")
    sizes = ((rows, width) for _, _, _, rows, width in places)
    return tuple(num_rows(header, rows) * row_bytes(header, width) for rows, width in sizes)


def _check_lengths(header: TiffHeader, found: Sequence[Segment]) -> None:
    for k, segment in enumerate(found):
        full = num_rows(header, segment.height) * row_bytes(header, segment.width)
        needed = full if header.compression is Compression.NONE else 1
        if segment.length < needed or segment.start + needed > len(header.tags.content):
            raise ImageError(f"pixels are missing: strip or tile {k} is too short")
        if full > _MOST_BYTES and header.compression is not Compression.NONE:
            raise ImageError(f"a strip or tile of it has {full} bytes, more than {_MOST_BYTES}")


def decompressed(
    header: TiffHeader, content: Encoded, found: Sequence[Segment]
) -> Iterator[tuple[Segment, Rows]]:
    """The rows of each segment.

    Raises:
        ImageError: bytes of it are missing or damaged.
    """
    if header.compression is Compression.NONE:
        for segment in found:
            yield segment, _plain(header, content, segment)
        return
    for group in _groups(header, found):
        rows = _by_libtiff(header, content, group)
        first = 0
        for segment in group:
            last = first + num_rows(header, segment.height)
            yield segment, rows[first:last]
            first = last


def _plain(header: TiffHeader, content: Encoded, segment: Segment) -> Rows:
    shape = num_rows(header, segment.height), row_bytes(header, segment.width)
    part = require_bytes(content, segment.start, shape[0] * shape[1])
    rows = np.frombuffer(part, np.uint8).reshape(shape)
    return _REVERSED[rows] if header.reverses_bits else rows


def _groups(header: TiffHeader, found: Sequence[Segment]) -> Iterator[Sequence[Segment]]:
    """Runs of segments of one size, but for the last of each, which may be lower."""
    size = found[0].height * row_bytes(header, found[0].width)
    most = max(1, _BYTES_AT_ONCE // size)
    group: list[Segment] = []
    for segment in found:
        group.append(segment)
        if len(group) == most or segment.height < found[0].height:
            yield group
            group = []
    if group:
        yield group


def _by_libtiff(header: TiffHeader, content: Encoded, group: Sequence[Segment]) -> Rows:
    data = _grey_tiff(header, content, group)
    with (
        naming_damage("its pixels cannot be decompressed"),
        Image.open(io.BytesIO(data), formats=("TIFF",)) as image,
    ):
        levels = np.asarray(image)
    if header.compression not in FAX:
        return levels
    first = 0
    for segment in group:
        _check_fax(header, content, segment, levels[first : first + segment.height])
        first += segment.height
    return np.packbits(levels, axis=1)


def _check_fax(
    header: TiffHeader, content: Encoded, segment: Segment, rows: NDArray[np.bool_]
) -> None:
    data = np.frombuffer(content, np.uint8)[segment.start : segment.start + segment.length]
    codes = (_REVERSED[data] if header.reverses_bits else data).tobytes()
    check_fax(codes, rows, header.compression)


def _grey_tiff(header: TiffHeader, content: Encoded, group: Sequence[Segment]) -> bytes:
    """A little-endian TIFF of those segments, one below the other."""
    is_fax = header.compression in FAX
    parts = [memoryview(content)[each.start : each.start + each.length] for each in group]
    lengths = [len(part) for part in parts]
    starts = 8 + np.cumsum([0, *lengths[:-1]])
    bilevel = {292: [header.tags.one(292, 0)], 293: [header.tags.one(293, 0)]} if is_fax else {}
    tags = {
        256: [group[0].width if is_fax else row_bytes(header, group[0].width)],
        257: [sum(num_rows(header, each.height) for each in group)],
        258: [1 if is_fax else 8],
        259: [int(header.compression)],
        262: [1],
        266: [2 if header.reverses_bits else 1],
        273: starts.tolist(),
        277: [1],
        278: [num_rows(header, group[0].height)],
        279: lengths,
        **bilevel,
    }
    body = b"".join(parts)
    at = 8 + len(body) + len(body) % 2
    header_bytes = b"II*\0" + struct.pack("<I", at)
    return header_bytes + body + bytes(len(body) % 2) + _directory(tags, at)


def _directory(tags: dict[int, list[int]], at: int) -> bytes:
    """A directory whose values are all of type LONG."""
    entries, behind = struct.pack("<H", len(tags)), b""
    end = at + 2 + 12 * len(tags) + 4
    for tag, values in sorted(tags.items()):
        field = values[0] if len(values) == 1 else end + len(behind)
        entries += struct.pack("<HHII", tag, 4, len(values), field)
        behind += struct.pack(f"<{len(values)}I", *values) if len(values) > 1 else b""
    return entries + bytes(4) + behind
