"""TIFFs of every kind that is read, and of those that are refused."""

import numpy as np
from PIL import Image

from tests.images.kind import SHAPE, Kind, drawn, saved, scaled
from tests.images.tiff_files import DEFLATE, LZMA, LZW, PACKBITS, ZSTD, Tiff

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, LAB = 0, 1, 2, 3, 5, 6, 8
DEPTHS = (1, 2, 4, 8, 12, 16)
EXTRA, COLOUR_MAP, INK_SET, SUBSAMPLING = 338, 320, 332, 530
LAYOUTS = {
    "strips": {"rows_per_strip": 5},
    "planes": {"is_planar": True, "rows_per_strip": 7},
    "tiles": {"tile": (16, 16)},
    "tiles of planes": {"is_planar": True, "tile": (16, 32)},
    "big-endian": {"order": ">"},
    "fill order 2": {"fill_order": 2},
    "BigTIFF": {"is_big": True},
    "big-endian BigTIFF": {"is_big": True, "order": ">"},
}
OF_DALI = ("strips", "tiles", "big-endian")


def tiff_kinds():
    """Name -> kind."""
    return {
        **{f"TIFF, {bits} bits, {name}": kind for bits in DEPTHS for name, kind in deep(bits)},
        **{f"TIFF, {name}": kind for name, kind in with_alpha()},
        **{f"TIFF, {name}": kind for name, kind in compressed()},
        **{f"TIFF, {name}": kind for name, kind in ycbcr()},
    }


def deep(bits):
    grey, rgb, inks = drawn(bits), drawn(bits, 3), drawn(bits, 4)
    is_eight = bits == 8
    for order in "<>":
        light, dark = scaled(grey, bits), 255 - scaled(grey, bits)
        yield f"grey {order}", Kind(Tiff(grey, bits, order=order).encode(), light, is_eight)
        inverted = Tiff(grey, bits, WHITE_IS_ZERO, order=order)
        yield f"white is zero {order}", Kind(inverted.encode(), dark)
    for name, layout in LAYOUTS.items():
        tiff = Tiff(rgb, bits, RGB, **layout)
        yield f"RGB, {name}", Kind(tiff.encode(), scaled(rgb, bits), is_eight and name in OF_DALI)
        single = Tiff(grey, bits, WHITE_IS_ZERO, LZW, **layout)
        yield f"white is zero, LZW, {name}", Kind(single.encode(), 255 - scaled(grey, bits))
    shares = 1 - scaled(inks, bits) / 255
    yield "CMYK", Kind(Tiff(inks, bits, CMYK).encode(), 255 * shares[..., :3] * shares[..., 3:])
    colours = np.random.default_rng(bits).integers(0, 1 << 16, (3, 1 << bits))
    kind = of_palette(grey, bits, colours, colours / 257)
    yield "palette", kind._replace(at_most=1.0)
    for factor in (1, 256, 257):  # as programs write colours of 8 bits
        of_eight = colours >> 8
        yield f"palette x {factor}", of_palette(grey, bits, of_eight * factor, of_eight)


def of_palette(indices, bits, stored, colours):
    tiff = Tiff(indices, bits, PALETTE, tags={COLOUR_MAP: stored.ravel().tolist()})
    return Kind(tiff.encode(), np.moveaxis(colours[:, indices], 0, 2))


def with_alpha():
    for bits in (8, 12, 16):
        highest = (1 << bits) - 1
        colours, alpha = drawn(bits, 3), drawn(bits, 1)
        multiplied = (colours * alpha + highest // 2) // highest
        before = np.minimum(multiplied * 255 / np.maximum(alpha, 1), 255)
        for extra, stored, levels in (
            (None, colours, scaled(colours, bits)),
            (0, colours, scaled(colours, bits)),
            (1, multiplied, before),
            (2, colours, scaled(colours, bits)),
        ):
            tags = {} if extra is None else {EXTRA: [extra]}
            rgba = Tiff(np.dstack([stored, alpha]), bits, RGB, tags=tags)
            grey = Tiff(np.dstack([stored[..., 0], alpha]), bits, BLACK_IS_ZERO, tags=tags)
            yield f"{bits} bits, RGB and extra {extra}", Kind(rgba.encode(), levels)
            yield f"{bits} bits, grey and extra {extra}", Kind(grey.encode(), levels[..., 0])
            grey.is_planar = True
            yield f"{bits} bits, planes with {extra}", Kind(grey.encode(), levels[..., 0])
    wide = drawn(8, 6)
    many = Tiff(wide, 8, RGB, tags={EXTRA: [0, 2, 0]})
    yield "three extra", Kind(many.encode(), wide[..., :3])
    inks = drawn(8, 5)
    light = (255 - inks[..., :3]) * (255 - inks[..., 3:4]) / 255
    yield "CMYK and alpha", Kind(Tiff(inks, 8, CMYK, tags={EXTRA: [2]}).encode(), light)


def compressed():
    for compression in (LZW, DEFLATE, 32946, PACKBITS, LZMA, ZSTD):
        rgb = drawn(8, 3)
        tiff = Tiff(rgb, 8, RGB, compression, rows_per_strip=6)
        yield f"compression {compression}", Kind(tiff.encode(), rgb)
        if compression == PACKBITS:
            continue
        for bits in (8, 16):
            for name in ("strips", "planes", "tiles", "big-endian", "fill order 2"):
                deep_rgb = drawn(bits, 3)
                tiff = Tiff(deep_rgb, bits, RGB, compression, predictor=2, **LAYOUTS[name])
                kind = Kind(tiff.encode(), scaled(deep_rgb, bits))
                yield f"compression {compression}, predictor, {bits} bits, {name}", kind
    bilevel = drawn(1).astype(bool)
    for name in ("tiff_ccitt", "group3", "group4"):
        yield name, Kind(saved(bilevel, "TIFF", compression=name), bilevel * 255)
    pixels = drawn(8, 3).astype(np.uint8)
    second = {"save_all": True, "append_images": [Image.fromarray(255 - pixels)]}
    yield "pages", Kind(saved(pixels, "TIFF", **second), pixels, by_dali=True)


def ycbcr():
    """Subsampled or not; each clump holds the luma of its pixels and one chroma."""
    for across, down in ((1, 1), (2, 1), (2, 2), (4, 2)):
        height, width = -(-SHAPE[0] // down), -(-SHAPE[1] // across)
        clumps = drawn(8, 1).repeat(4)[: height * width].reshape(height, width, 1) % 40 + 110
        luma = np.random.default_rng(3).integers(0, 256, (height, width, down * across))
        samples = np.concatenate([luma, clumps, 255 - clumps], 2).astype(np.uint8)
        tags = {256: [SHAPE[1]], 257: [SHAPE[0]], 258: [8, 8, 8], 277: [3], 278: [SHAPE[0]]}
        tiff = Tiff(samples, 8, YCBCR, LZW, tags=tags | {SUBSAMPLING: [across, down]})
        whole = luma.reshape(height, width, down, across).transpose(0, 2, 1, 3)
        y = whole.reshape(height * down, -1)
        cb = np.kron(clumps[..., 0], np.ones((down, across))) - 128
        cr = -1 - cb  # 255 - what is stored, less 128
        rgb = [y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb]
        right = np.clip(np.dstack(rgb), 0, 255)[: SHAPE[0], : SHAPE[1]]
        yield f"YCbCr, {across} x {down}", Kind(tiff.encode(), right, at_most=1.01)
