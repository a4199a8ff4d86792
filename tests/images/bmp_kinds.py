"""BMPs of every kind that is read, written by hand."""

import struct
from dataclasses import dataclass

import numpy as np

from tests.images.kind import SHAPE, Kind, drawn
from tests.images.tiff_files import packed

CORE, SHORT_OS2, INFO, V2, V3, OS2, V4, V5 = 12, 16, 40, 52, 56, 64, 108, 124
RUN_LENGTH_8, RUN_LENGTH_4, MASKS, ALPHA_MASKS = 1, 2, 3, 6
OF_DALI = (INFO, V4, V5)


@dataclass
class Bmp:
    """How pixels, integers ``[height, width]``, are written."""

    pixels: np.ndarray
    bits: int
    header_bytes: int = INFO
    is_top_down: bool = False
    compression: int = 0
    masks: tuple[int, int, int, int] = (0, 0, 0, 0)
    palette: np.ndarray | None = None
    num_colours: int = 0
    data: bytes | None = None

    def encode(self):
        data, head = self.data or self.rows(), self.header()
        palette = b"" if self.palette is None else self.colours()
        masks = struct.pack("<IIII", *self.masks)
        if self.header_bytes == INFO:
            head += masks[: {MASKS: 12, ALPHA_MASKS: 16}.get(self.compression, 0)]
        start = 14 + len(head) + len(palette)
        return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + head + palette + data

    def rows(self):
        if self.bits <= 8:
            rows = packed(self.pixels, self.bits)
        else:
            parts = self.pixels[..., None] >> np.arange(0, self.bits, 8) & 255
            rows = [row.astype(np.uint8).tobytes() for row in parts]
        upwards = rows if self.is_top_down else rows[::-1]
        return b"".join(row + bytes(-len(row) % 4) for row in upwards)

    def header(self):
        height, width = self.pixels.shape
        if self.header_bytes == CORE:
            return struct.pack("<IHHHH", CORE, width, height, 1, self.bits)
        signed = -height if self.is_top_down else height
        whole = struct.pack("<IiiHH", self.header_bytes, width, signed, 1, self.bits)
        whole += struct.pack("<IIiiII", self.compression, 0, 0, 0, self.num_colours, 0)
        whole += struct.pack("<IIII", *self.masks)
        return whole.ljust(self.header_bytes, b"\0")[: self.header_bytes]

    def colours(self):
        padding = b"" if self.header_bytes == CORE else b"\0"
        return b"".join(bytes(colour[::-1]) + padding for colour in self.palette.astype(np.uint8))


def bmp_kinds():
    """Name -> kind."""
    found = {
        f"BMP, header of {size}, {'down' if is_top_down else 'up'}, {name}": kind
        for size in (CORE, SHORT_OS2, INFO, V2, V3, OS2, V4, V5)
        for is_top_down in ((False, True) if size == INFO else (False,))
        for name, kind in of_header({"header_bytes": size, "is_top_down": is_top_down})
    }
    grey = np.repeat(np.arange(16)[:, None], 3, 1)
    pixels = drawn(4)
    found["BMP, palette 0 to 15"] = Kind(Bmp(pixels, 4, palette=grey).encode(), grey[pixels])
    two = np.array([[0] * 3, [255] * 3])
    pixels = drawn(1)
    short = Bmp(pixels, 8, palette=two, num_colours=2)
    return found | {"BMP, 8 bits of two colours": Kind(short.encode(), two[pixels])} | runs()


def of_header(options):
    by_dali = options["header_bytes"] in OF_DALI
    for bits in (1, 2, 4, 8):
        pixels, palette = drawn(bits), np.random.default_rng(bits).integers(0, 256, (1 << bits, 3))
        bmp = Bmp(pixels, bits, palette=palette, **options)
        yield f"{bits} bits", Kind(bmp.encode(), palette[pixels], by_dali and bits == 8)
    fives = (0x7C00, 0x3E0, 0x1F, 0)
    bytes_of_colour = (0xFF0000, 0xFF00, 0xFF, 0)
    for bits, masks in ((16, fives), (24, bytes_of_colour), (32, bytes_of_colour)):
        pixels = drawn(bits)
        bmp = Bmp(pixels, bits, **options)
        yield f"{bits} bits", Kind(bmp.encode(), masked(pixels, masks), by_dali and bits > 16)
    if options["header_bytes"] not in (CORE, SHORT_OS2, OS2):
        yield from of_masks(options)


def of_masks(options):
    for bits, masks in (
        (16, (0xF800, 0x7E0, 0x1F, 0)),
        (16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
        (16, (0xF00, 0xF0, 0xF, 0xF000)),
        (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
        (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
        (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)),
        (32, (0x3FF00000, 0xFFC00, 0x3FF, 0)),
    ):
        compression = ALPHA_MASKS if masks[3] and options["header_bytes"] == INFO else MASKS
        pixels = drawn(bits)
        bmp = Bmp(pixels, bits, compression=compression, masks=masks, **options)
        kind = Kind(bmp.encode(), masked(pixels, masks))
        yield f"{bits} bits, {masks[0]:#x}, {masks[3]:#x}", kind


def masked(pixels, masks):
    return np.dstack([(pixels & mask) * 255 / mask for mask in masks[:3]])


def runs():
    palette = np.random.default_rng(1).integers(0, 256, (256, 3))
    found = {}
    for bits, compression in ((8, RUN_LENGTH_8), (4, RUN_LENGTH_4)):
        pixels = drawn(bits)
        pixels[3:9] = 7
        data = run_lengths(pixels, bits)
        bmp = Bmp(pixels, bits, compression=compression, palette=palette[: 1 << bits], data=data)
        found[f"BMP, run lengths of {bits} bits"] = Kind(bmp.encode(), palette[pixels])
    return found


def run_lengths(pixels, bits):
    """Five pixels as they are, and the rest of each row as runs of one."""
    out = b""
    for row in pixels[::-1]:
        plain = packed(row[None, :5], bits)[0]
        out += bytes([0, 5]) + plain + bytes(len(plain) % 2)
        for start in range(5, SHAPE[1], 2):
            first, second = (*row[start : start + 2], 0)[:2]
            if bits == 4:
                out += bytes([min(2, SHAPE[1] - start), first << 4 | second])
            else:
                out += bytes([1, first]) + bytes([1, second]) * (start + 1 < SHAPE[1])
        out += b"\0\0"
    return out[:-2] + b"\0\1"
