"""TIFFs of every kind, written by hand: the samples that they hold are known."""

import lzma
import struct
import zlib
from dataclasses import dataclass, field

import numpy as np

LZW, DEFLATE, PACKBITS, LZMA, ZSTD = 5, 8, 32773, 34925, 50000


def packed(samples, bits, order="<"):
    """Integers ``[height, width, samples]`` as the bytes of rows."""
    height = samples.shape[0]
    if bits == 16:
        return [row.astype(order + "u2").tobytes() for row in samples.reshape(height, -1)]
    each_bit = samples.reshape(height, -1, 1).astype(np.int64) >> np.arange(bits)[::-1] & 1
    return [row.tobytes() for row in np.packbits(each_bit.astype(np.uint8).reshape(height, -1), 1)]


def lzw(data):
    """Codes of nine bits only: the table is cleared before they would become longer."""
    codes = []
    for start in range(0, len(data), 250):
        codes += [256, *data[start : start + 250]]
    each_bit = np.array([*codes, 257])[:, None] >> np.arange(9)[::-1] & 1
    return np.packbits(each_bit.astype(np.uint8)).tobytes()


def packbits(data):
    parts = [data[start : start + 128] for start in range(0, len(data), 128)]
    return b"".join(bytes([len(part) - 1]) + part for part in parts)


def zstd(data):
    """One frame of one block that is stored as it is; RFC 8878."""
    frame = b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data))
    return frame + (len(data) << 3 | 1).to_bytes(3, "little") + data


COMPRESS = {
    1: bytes,
    LZW: lzw,
    DEFLATE: zlib.compress,
    32946: zlib.compress,
    PACKBITS: packbits,
    LZMA: lzma.compress,
    ZSTD: zstd,
}


@dataclass
class Tiff:
    """How samples are written.

    Attributes:
        samples: integers ``[height, width]`` or ``[height, width, samples]``.
        tags: further ones, or others than those that follow from the rest.
    """

    samples: np.ndarray
    bits: int = 8
    photometric: int = 1
    compression: int = 1
    predictor: int = 1
    is_planar: bool = False
    tile: tuple[int, int] | None = None
    rows_per_strip: int = 1000
    fill_order: int = 1
    order: str = "<"
    is_big: bool = False
    tags: dict = field(default_factory=dict)
    cut: int = 0  # bytes that the last strip is short of

    def segments(self):
        """The samples of each strip or tile."""
        samples = self.samples.reshape(*self.samples.shape[:2], -1)
        planes = np.split(samples, samples.shape[2], 2) if self.is_planar else [samples]
        for plane in planes:
            if self.tile is None:
                for top in range(0, len(plane), self.rows_per_strip):
                    yield plane[top : top + self.rows_per_strip]
                continue
            height, width = self.tile
            for top in range(0, plane.shape[0], height):
                for left in range(0, plane.shape[1], width):
                    part = plane[top : top + height, left : left + width]
                    missing = [(0, height - part.shape[0]), (0, width - part.shape[1]), (0, 0)]
                    yield np.pad(part, missing, mode="edge")

    def strip(self, samples):
        if self.predictor == 2:
            before = np.pad(samples, [(0, 0), (1, 0), (0, 0)])[:, :-1]
            samples = (samples.astype(np.int64) - before) % (1 << self.bits)
        data = COMPRESS[self.compression](b"".join(packed(samples, self.bits, self.order)))
        if self.fill_order == 2:
            data = np.packbits(np.unpackbits(np.frombuffer(data, np.uint8)), bitorder="little")
        return bytes(data)

    def encode(self):
        strips = [self.strip(each) for each in self.segments()]
        strips[-1] = strips[-1][: len(strips[-1]) - self.cut]
        start = 16 if self.is_big else 8
        starts = [start + sum(map(len, strips[:k])) for k in range(len(strips))]
        height, width = self.samples.shape[:2]
        num = self.samples.size // (height * width)
        places, lengths = (273, 279) if self.tile is None else (324, 325)
        tags = {
            256: [width],
            257: [height],
            258: [self.bits] * num,
            259: [self.compression],
            262: [self.photometric],
            266: [self.fill_order],
            places: starts,
            277: [num],
            lengths: [len(strip) for strip in strips],
            284: [2 if self.is_planar else 1],
        }
        sizes = (
            {278: [self.rows_per_strip]}
            if self.tile is None
            else {
                322: [self.tile[1]],
                323: [self.tile[0]],
            }
        )
        predictor = {317: [self.predictor]} if self.predictor != 1 else {}
        body = b"".join(strips)
        return self.with_header(body + bytes(len(body) % 2), tags | sizes | predictor | self.tags)

    def with_header(self, body, tags):
        offset, count, entry, room = ("Q", "Q", "HHQ", 8) if self.is_big else ("I", "H", "HHI", 4)
        head = b"II" if self.order == "<" else b"MM"
        head += self.pack("HHH", 43, 8, 0) if self.is_big else self.pack("H", 42)
        start = len(head) + room + len(body)
        entries, behind = self.pack(count, len(tags)), b""
        end = start + len(entries) + (struct.calcsize("=" + entry) + room) * len(tags) + room
        for tag, values in sorted(tags.items()):
            kind = 3 if max(values) < 1 << 16 else 16 if self.is_big else 4
            data = self.pack(f"{len(values)}{'H' if kind == 3 else offset}", *values)
            if len(data) > room:
                place, behind = end + len(behind), behind + data + bytes(len(data) % 2)
                data = self.pack(offset, place)
            entries += self.pack(entry, tag, kind, len(values)) + data.ljust(room, b"\0")
        return head + self.pack(offset, start) + body + entries + bytes(room) + behind

    def pack(self, layout, *values):
        return struct.pack(self.order + layout, *values)
