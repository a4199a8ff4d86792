"""PNG, WebP, GIF and Netpbm files of every kind that is read."""

import struct

import numpy as np
from PIL import Image

from bsgrow.images.gif import read_gif_header
from tests.images.kind import SHAPE, Kind, drawn, saved, scaled
from tests.images.png_files import (
    GREY,
    GREY_ALPHA,
    PALETTE,
    RGB,
    RGB_ALPHA,
    chunk,
    palette_chunk,
    png,
)
from tests.images.tiff_files import packed

ANCILLARY = {
    "gamma": chunk(b"gAMA", struct.pack(">I", 20_000)),
    "significant bits": chunk(b"sBIT", b"\3\3\3"),
    "chromaticities": chunk(b"cHRM", struct.pack(">8I", *range(10_000, 90_000, 10_000))),
    "sRGB": chunk(b"sRGB", b"\0"),
    "background": chunk(b"bKGD", bytes(6)),
    "transparent": chunk(b"tRNS", bytes(6)),
}


def png_kinds():
    """Name -> kind."""
    found = {}
    for way in ("plain", "interlaced"):
        for name, kind in coloured(is_interlaced=way == "interlaced"):
            found[f"PNG, {way}, {name}"] = kind
    rgb = drawn(8, 3)
    noise = drawn(8, 3).astype(np.uint8)
    frames = {"save_all": True, "append_images": [Image.fromarray(255 - noise)]}
    found["PNG, animated"] = Kind(saved(noise, "PNG", **frames), noise, by_dali=True)
    for name, before in ANCILLARY.items():
        found[f"PNG, {name}"] = Kind(png(rgb, 8, RGB, before=before), rgb, by_dali=True)
    return found


def coloured(*, is_interlaced):
    way = {"is_interlaced": is_interlaced}
    for depth in (1, 2, 4, 8, 16):
        grey, zero = drawn(depth), chunk(b"tRNS", bytes(2))
        for name, before in (("", b""), (", transparent", zero)):
            content = png(grey, depth, GREY, before=before, **way)
            yield f"grey {depth}{name}", Kind(content, scaled(grey, depth), by_dali=True)
    for depth in (1, 2, 4, 8):
        pixels = drawn(depth)
        colours = np.random.default_rng(depth).integers(0, 256, (1 << depth, 3))
        for name, after in (("", b""), (", transparent", chunk(b"tRNS", b"\0\x80"))):
            content = png(pixels, depth, PALETTE, before=palette_chunk(colours) + after, **way)
            yield f"palette {depth}{name}", Kind(content, colours[pixels], by_dali=True)
        few = pixels % 2
        content = png(few, depth, PALETTE, before=palette_chunk(colours[:2]), **way)
        yield f"palette {depth} of two", Kind(content, colours[few], by_dali=depth == 1)
    for depth, colour_type in ((8, RGB), (16, RGB), (8, RGB_ALPHA), (16, RGB_ALPHA)):
        num = 3 if colour_type == RGB else 4
        samples = drawn(depth, num)
        levels = scaled(samples[..., :3], depth)
        kind = Kind(png(samples, depth, colour_type, **way), levels, by_dali=True)
        yield f"colour {num} x {depth}", kind._replace(at_most=1.0 if depth == 16 else kind.at_most)
    for depth in (8, 16):
        samples = drawn(depth, 2)
        content = png(samples, depth, GREY_ALPHA, **way)
        yield f"grey and alpha {depth}", Kind(content, scaled(samples[..., 0], depth), by_dali=True)


def webp_kinds():
    """Name -> kind; smooth, since lossy ones are compared too."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    rgb = np.repeat((x * 5 + y * 3 + 30)[..., None], 3, 2).astype(np.uint8)
    noise = drawn(8, 3).astype(np.uint8)
    rgba = np.dstack([noise, drawn(8).astype(np.uint8)])
    lossless = {"lossless": True, "exact": True}
    frames = {"save_all": True, "append_images": [Image.fromarray(255 - noise)]}
    return {
        "WebP, lossless": Kind(saved(noise, "WEBP", **lossless), noise, by_dali=True),
        "WebP, lossless, alpha": Kind(saved(rgba, "WEBP", **lossless), noise, by_dali=True),
        "WebP, lossy": Kind(saved(rgb, "WEBP", quality=100), rgb, by_dali=True, at_most=3),
        "WebP, lossy, alpha": Kind(
            saved(np.dstack([rgb, rgba[..., 3]]), "WEBP", quality=100, exact=True),
            rgb,
            by_dali=True,
            at_most=3,
        ),
        "WebP, animated": Kind(saved(noise, "WEBP", **lossless, **frames), noise),
    }


def gif_kinds():
    """Name -> kind."""
    colours = np.random.default_rng(2).integers(0, 256, (256, 3)).astype(np.uint8)
    found = {}
    for bits in (1, 2, 4, 8):
        pixels = drawn(bits).astype(np.uint8)
        image = Image.fromarray(pixels)
        image.putpalette(colours[: 1 << bits].tobytes())
        for name, options in (
            ("", {}),
            (", interlaced", {"interlace": 1}),
            (", transparent", {"transparency": int(pixels[2, 2]), "interlace": 0}),
            (", animated", {"save_all": True, "append_images": [image.rotate(180)]}),
        ):
            options = {"optimize": False} | options
            found[f"GIF, {bits} bits{name}"] = Kind(saved(image, "GIF", **options), colours[pixels])
        own = with_local_palette(saved(image, "GIF", interlace=0))
        found[f"GIF, {bits} bits, local palette"] = Kind(own, colours[pixels])
    grey = drawn(8)
    found["GIF, grey"] = Kind(saved(grey.astype(np.uint8), "GIF"), np.repeat(grey[..., None], 3, 2))
    return found


def with_local_palette(gif):
    """The palette of the screen, inverted, and that of the frame, behind a comment."""
    header, flags = read_gif_header(gif), gif[10]
    inverted = bytes(255 - level for level in header.palette)
    frame = struct.pack("<BHHHHB", 0x2C, 0, 0, *SHAPE[::-1], 0x80 | flags & 7)
    start = gif[:13] + inverted + b"\x21\xfe\4text\0" + frame
    return start + header.palette + gif[header.pixels :]


def netpbm_kinds():
    """Name -> kind."""
    height, width = SHAPE
    found, bits = {}, drawn(1)
    for highest in (1, 15, 100, 255, 256, 1023, 65535):
        rgb = np.random.default_rng(highest).integers(0, highest + 1, (*SHAPE, 3))
        head = b"\n# comment\n%d %d\n%d\n" % (width, height, highest)
        for text, raw, samples in ((b"P2", b"P5", rgb[..., 0]), (b"P3", b"P6", rgb)):
            numbers = b" ".join(b"%d" % number for number in samples.flat)
            dtype = "u1" if highest < 256 else ">u2"
            for kind, body in ((text, numbers), (raw, samples.astype(dtype).tobytes())):
                name = f"{kind.decode()} up to {highest}"
                found[name] = Kind(kind + head + body, samples * 255 / highest)
    size = b" %d %d\n" % (width, height)
    for name, body in (
        (b"P1", b"".join(b"%d" % bit for bit in bits.flat)),
        (b"P1 ", b" ".join(b"%d" % bit for bit in bits.flat)),
        (b"P4", b"".join(packed(bits, 1))),
    ):
        found[f"bitmap {name.decode()}"] = Kind(name.strip() + size + body, (1 - bits) * 255)
    return found
