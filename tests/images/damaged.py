"""Files of which pixels are missing, and those that lack nothing but look so."""

import struct
import zlib

import numpy as np
from PIL import Image

from bsgrow.images.gif import read_gif_header
from tests.images.bmp_kinds import RUN_LENGTH_4, RUN_LENGTH_8, Bmp, run_lengths
from tests.images.kind import SHAPE, drawn, saved
from tests.images.png_files import GREY, PALETTE, RGB, chunk, palette_chunk, png, png_rows
from tests.images.tiff_files import COMPRESS, Tiff

WHOLE_BYTES = drawn(8, 3).astype(np.uint8)
COLOURS = np.random.default_rng(4).integers(0, 256, (256, 3))


def missing_pixels():
    """Name -> content."""
    return {
        **{f"PNG, {name}": content for name, content in short_pngs()},
        **{f"TIFF, {name}": content for name, content in short_tiffs()},
        **{f"BMP, {name}": content for name, content in short_bmps()},
        **{f"GIF, {name}": content for name, content in short_gifs()},
        **{f"WebP, {name}": content for name, content in short_webps()},
        **{f"Netpbm, {name}": content for name, content in short_netpbms()},
    }


def short_pngs():
    for way in (False, True):
        for depth, colour_type, num_samples in ((8, RGB, 3), (1, GREY, 1), (16, GREY, 1)):
            samples = drawn(depth, num_samples)
            rows = b"".join(png_rows(samples, depth, is_interlaced=way))
            options = {"is_interlaced": way}
            for num in (1, 5, len(rows) - 1, len(rows)):
                content = png(
                    samples,
                    depth,
                    colour_type,
                    pixels=zlib.compress(rows[: len(rows) - num]),
                    **options,
                )
                yield f"{depth}, {way}, {num} bytes", content
            cut = zlib.compress(rows)[:-12]
            yield f"{depth}, {way}, stream", png(samples, depth, colour_type, pixels=cut, **options)
        indices = drawn(8)
        row = len(png_rows(indices, 8)[0])
        rows = b"".join(png_rows(indices, 8, is_interlaced=way))[:-row]
        before = palette_chunk(COLOURS)
        yield (
            f"palette, {way}",
            png(indices, 8, PALETTE, is_interlaced=way, before=before, pixels=zlib.compress(rows)),
        )
    few = palette_chunk(COLOURS[:3])
    yield "palette of three", png(drawn(2), 2, PALETTE, before=few)
    whole = png(drawn(8, 3), 8, RGB)
    yield "the file is cut", whole[:-40]
    damaged = bytearray(zlib.compress(b"".join(png_rows(WHOLE_BYTES, 8))))
    damaged[-1] ^= 1
    yield "checksum", png(WHOLE_BYTES, 8, RGB, pixels=bytes(damaged))
    for way in (False, True):  # in these every bit of zeros is of a code
        whole = png(drawn(8, 3) // 16, 8, RGB, is_interlaced=way)
        for num in (200, 100, 20):
            yield f"zeros, {way}, {num} bytes", whole[:-num] + bytes(num)


def short_tiffs():
    for compression in COMPRESS:
        for name, layout in (
            ("strips", {"rows_per_strip": 4}),
            ("tiles", {"tile": (16, 16)}),
            ("planes", {"is_planar": True}),
        ):
            options = {"photometric": 2, "compression": compression, **layout}
            cut = Tiff(WHOLE_BYTES, cut=60, **options)
            yield f"compression {compression}, {name}, short", cut.encode()
            count, sizes = (324, 325) if name == "tiles" else (273, 279)
            one = Tiff(WHOLE_BYTES, tags={count: [8], sizes: [400]}, **options)
            yield f"compression {compression}, {name}, one", one.encode()
    empty = Tiff(WHOLE_BYTES, photometric=2, rows_per_strip=4, tags={273: [8] * 5, 279: [0] * 5})
    yield "strips of nothing", empty.encode()
    yield "the file is cut", saved(WHOLE_BYTES, "TIFF")[: -WHOLE_BYTES.size // 2]
    bilevel = drawn(1).astype(bool)
    for name in ("tiff_ccitt", "group3", "group4"):
        yield name, shorter(saved(bilevel, "TIFF", compression=name), 12)
    for mode, pixels in (("L", WHOLE_BYTES[..., 0]), ("RGB", WHOLE_BYTES)):
        yield f"JPEG, {mode}", shorter(saved(pixels, "TIFF", compression="jpeg"), 40)


def shorter(tiff, num):
    """The same file, whose only strip says to be so many bytes shorter."""
    at = tiff.index(struct.pack("<HH", 279, 4))
    (length,) = struct.unpack_from("<I", tiff, at + 8)
    return tiff[: at + 8] + struct.pack("<I", length - num) + tiff[at + 12 :]


def short_bmps():
    for bits in (1, 8, 16, 24, 32):
        palette = COLOURS[: 1 << bits] if bits <= 8 else None
        whole = Bmp(drawn(bits), bits, palette=palette).encode()
        yield f"{bits} bits, a row", whole[: -(SHAPE[1] * bits // 32 * 4 + 4)]
        yield f"{bits} bits, four bytes", whole[:-4]
    for bits, compression in ((8, RUN_LENGTH_8), (4, RUN_LENGTH_4)):
        pixels = drawn(bits)
        data, palette = run_lengths(pixels, bits), COLOURS[: 1 << bits]
        first = {8: 8, 4: 6}[bits]  # bytes up to the first run
        for name, part in (
            ("cut", data[:-9]),
            ("ended", data[:-10] + b"\0\1"),
            ("ended at once", b"\0\1"),
            ("row ended", data[:first] + b"\0\0" + data[first:]),
            ("skips", b"\0\2\1\1" + data),
        ):
            bmp = Bmp(pixels, bits, compression=compression, palette=palette, data=part)
            yield f"{bits} bits, run lengths {name}", bmp.encode()
    few = Bmp(drawn(8), 8, palette=COLOURS[:9], num_colours=9)
    yield "a palette of nine", few.encode()


def short_gifs():
    indices = drawn(8).astype(np.uint8)
    image = Image.fromarray(indices)
    image.putpalette(COLOURS.astype(np.uint8).tobytes())
    lower = Image.fromarray(indices[:-6])
    lower.putpalette(COLOURS.astype(np.uint8).tobytes())
    for interlace in (0, 1):
        whole = saved(image, "GIF", interlace=interlace)
        yield f"{interlace}, cut", whole[:-90]
        data = saved(lower, "GIF", interlace=interlace)
        start = read_gif_header(data).pixels
        yield (
            f"{interlace}, six rows",
            data[: start - 10].replace(
                *(struct.pack("<HH", SHAPE[1], height) for height in (SHAPE[0] - 6, SHAPE[0]))
            )
            + struct.pack("<BHHHHB", 0x2C, 0, 0, *SHAPE[::-1], interlace << 6)
            + data[start:],
        )
    partial = bytearray(saved(image, "GIF"))
    struct.pack_into("<H", partial, 6, SHAPE[1] + 9)
    yield "a frame of a part", bytes(partial)


def short_webps():
    for name, options in (("lossless", {"lossless": True}), ("lossy", {"quality": 90})):
        whole = saved(WHOLE_BYTES, "WEBP", **options)
        yield f"{name}, cut", whole[:-60]
        yield (
            f"{name}, cut, with the right length",
            (whole[:4] + struct.pack("<I", len(whole) - 68) + whole[8:-60]),
        )
    frames = {"save_all": True, "append_images": [Image.fromarray(255 - WHOLE_BYTES)]}
    partial = bytearray(saved(WHOLE_BYTES, "WEBP", **frames))
    partial[24] += 9  # the canvas is wider
    yield "a frame of a part", bytes(partial)


def short_netpbms():
    size = b" %d %d" % SHAPE[::-1]
    for kind, num in ((b"P2", 1), (b"P3", 3), (b"P5", 1), (b"P6", 3)):
        samples = drawn(8, num)
        text = b" ".join(b"%d" % number for number in samples.flat)
        body = text[:-9] if kind in (b"P2", b"P3") else samples.astype(np.uint8).tobytes()[:-1]
        yield kind.decode(), kind + size + b" 255\n" + body
        yield f"{kind.decode()}, nothing", kind + size + b" 255\n"
    yield "P1", b"P1" + size + b"\n" + b"0 " * (SHAPE[0] * SHAPE[1] - 1)
    yield "P4", b"P4" + size + b"\n" + bytes(SHAPE[0] * -(-SHAPE[1] // 8) - 1)
    yield "above the highest", b"P5" + size + b" 100\n" + bytes([101]) * (SHAPE[0] * SHAPE[1])


def nothing_missing():
    """Name -> content, and pixels; oddities that do no harm."""
    whole = png(WHOLE_BYTES, 8, RGB)
    rows = b"".join(png_rows(WHOLE_BYTES, 8))
    black = np.zeros((*SHAPE, 3), np.uint8)
    gif = Image.fromarray(drawn(8).astype(np.uint8))
    gif.putpalette(COLOURS.astype(np.uint8).tobytes())
    shown = np.asarray(gif.convert("RGB"))
    unchecked = png(WHOLE_BYTES, 8, RGB, pixels=zlib.compress(rows)[:-4])
    parts = [zlib.compress(rows)[k : k + 100] for k in range(0, len(zlib.compress(rows)), 100)]
    return {
        "PNG, no end": (whole[:-12], WHOLE_BYTES),
        "PNG, trailing bytes": (whole + b"trailer", WHOLE_BYTES),
        "PNG, no checksum": (unchecked, WHOLE_BYTES),
        "PNG, a chunk with another checksum": (whole[:-16] + bytes(4) + whole[-12:], WHOLE_BYTES),
        "PNG, more rows": (
            png(WHOLE_BYTES, 8, RGB, pixels=zlib.compress(rows + rows)),
            WHOLE_BYTES,
        ),
        "PNG, in parts": (
            png(WHOLE_BYTES, 8, RGB, pixels=parts[0])[:-12]
            + b"".join(chunk(b"IDAT", part) for part in parts[1:])
            + chunk(b"IEND", b""),
            WHOLE_BYTES,
        ),
        "PNG, black": (png(black, 8, RGB), black),
        "TIFF, trailing bytes": (saved(WHOLE_BYTES, "TIFF") + b"trailer", WHOLE_BYTES),
        "BMP, trailing bytes": (saved(WHOLE_BYTES, "BMP") + b"trailer", WHOLE_BYTES),
        "GIF, trailing bytes": (saved(gif, "GIF") + b"trailer", shown),
        "GIF, no end": (saved(gif, "GIF")[:-1], shown),
        "WebP, trailing bytes": (saved(WHOLE_BYTES, "WEBP", lossless=True) + b"xx", WHOLE_BYTES),
        "PPM, trailing bytes": (saved(WHOLE_BYTES, "PPM") + b"trailer", WHOLE_BYTES),
    }
