"""What cannot be read rightly is refused with its reason, for training, packing and verifying."""

import numpy as np
import pytest

from bsgrow.data.packing import PackOptions
from bsgrow.data.packing.transform import prepare
from bsgrow.images.dali_formats import dali_decodes
from bsgrow.images.image_error import ImageError
from bsgrow.images.reading import check_decodes, shown_levels, shown_size
from tests.images.bmp_kinds import MASKS, OS2, Bmp
from tests.images.kind import SHAPE, drawn, saved
from tests.images.png_files import chunk
from tests.images.tiff_files import DEFLATE, LZW, Tiff
from tests.images.tiff_kinds import CMYK, EXTRA, INK_SET, LAB, PALETTE, RGB, WHITE_IS_ZERO, YCBCR

SAMPLE_FORMAT, PHOTOMETRIC, T4_OPTIONS = 339, 262, 292
GREY, COLOURS = drawn(8), drawn(8, 3)
SIZE = b" %d %d " % SHAPE[::-1]
PIXELS = COLOURS.astype(np.uint8)


def tiff(samples=GREY, bits=8, photometric=1, tags=None, **options):
    return Tiff(samples, bits, photometric, tags=tags or {}, **options).encode()


REFUSED = {
    "TIFF, CIE Lab": (tiff(COLOURS, photometric=LAB), "its colours are CIE Lab"),
    "TIFF, sensor": (tiff(photometric=32803), "a camera's sensor"),
    "TIFF, colours not said": (tiff(tags={PHOTOMETRIC: [99]}), "of kind 99"),
    "TIFF, 32 bits": (saved(GREY.astype(np.int32), "TIFF"), "signed numbers of 32 bits"),
    "TIFF, float": (saved(GREY.astype(np.float32), "TIFF"), "floating-point numbers of 32 bits"),
    "TIFF, signed": (tiff(tags={SAMPLE_FORMAT: [2]}), "signed numbers of 8 bits, not levels"),
    "TIFF, half": (tiff(bits=16, tags={SAMPLE_FORMAT: [3]}), "floating-point numbers of 16 bits"),
    "TIFF, mixed depths": (
        tiff(COLOURS, photometric=RGB, tags={258: [8, 8, 4]}),
        "differ in depth",
    ),
    "TIFF, inks": (tiff(drawn(8, 4), photometric=CMYK, tags={INK_SET: [2]}), "inks, not CMYK"),
    "TIFF, too few channels": (tiff(GREY, photometric=RGB), "too few channels"),
    "TIFF, WebP inside": (tiff(tags={259: [50001]}), "compression 50001"),
    "TIFF, old JPEG": (tiff(tags={259: [6]}), "compression 6"),
    "TIFF, predictor 3": (tiff(compression=DEFLATE, tags={317: [3]}), "predictor 3"),
    "TIFF, predictor of 4 bits": (
        tiff(drawn(4), 4, compression=LZW, tags={317: [2]}),
        "predictor of parts of bytes",
    ),
    "TIFF, fax of two dimensions": (
        tiff(drawn(1), 1, tags={259: [3], T4_OPTIONS: [1]}),
        "fax of two dimensions",
    ),
    "TIFF, fax of grey": (tiff(tags={259: [4]}), "fax of grey"),
    "TIFF, palette multiplied": (
        tiff(drawn(8, 2), photometric=PALETTE, tags={EXTRA: [1]}),
        "alpha in what is no grey or RGB",
    ),
    "TIFF, white is zero multiplied": (
        tiff(drawn(8, 2), photometric=WHITE_IS_ZERO, tags={EXTRA: [1]}),
        "alpha in what is no grey or RGB",
    ),
    "TIFF, YCbCr of 16 bits": (tiff(drawn(16, 3), 16, YCBCR), "YCbCr of other than 8 bits"),
    "TIFF, JPEG of 12 bits": (tiff(drawn(12), 12, tags={259: [7]}), "JPEG in TIFF of other than"),
    "TIFF, CMYK in JPEG": (
        tiff(drawn(8, 4), photometric=CMYK, tags={259: [7]}),
        "JPEG in TIFF of other than",
    ),
    "TIFF, no size": (tiff(tags={256: [0]}), "no width or no height"),
    "TIFF, palette cut": (tiff(photometric=PALETTE, tags={320: [1, 2, 3]}), "palette is missing"),
    "BMP, JPEG inside": (Bmp(drawn(24), 24, compression=4).encode(), "24 bits, compression 4"),
    "BMP, OS/2's own": (
        Bmp(drawn(24), 24, header_bytes=OS2, compression=MASKS).encode(),
        "24 bits, compression 3",
    ),
    "BMP, masks with holes": (
        Bmp(drawn(16), 16, compression=MASKS, masks=(0xF500, 0xF0, 0xF, 0)).encode(),
        "masks of colours are damaged: 0xf500",
    ),
    "BMP, no mask": (
        Bmp(drawn(16), 16, compression=MASKS).encode(),
        "masks of colours are damaged: 0x0",
    ),
    "PNG, no such depth": (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes([0, 0, 0, 9, 0, 0, 0, 9, 3, 2, 0, 0, 0])),
        "no kind of PNG",
    ),
    "PFM": (b"Pf" + SIZE + b"-1.0\n" + bytes(4 * GREY.size), "not an image that can be read"),
    "PAM": (b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nENDHDR\n\0", "not an image"),
    "PGM, highest 0": (b"P5" + SIZE + b"0\n" + bytes(GREY.size), "out of range"),
    "PGM, highest 70000": (b"P5" + SIZE + b"70000\n" + bytes(2 * GREY.size), "out of range"),
    "PPM, words": (b"P3" + SIZE + b"255\n" + b"white " * COLOURS.size, "one is no number"),
    "PGM, below 0": (b"P2" + SIZE + b"255\n" + b"-1 " * GREY.size, "one is below 0"),
    "JPEG 2000": (saved(PIXELS, "JPEG2000"), "not an image that can be read"),
    "icon": (saved(PIXELS, "ICO"), "not an image that can be read"),
    "sound": (b"RIFF\4\0\0\0WAVEfmt ", "not an image that can be read"),
}

IN_THE_PIXELS = ("TIFF, palette cut", "PPM, words", "PGM, below 0")


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_refused_with_its_reason(name):
    content, reason = REFUSED[name]
    for decode in (
        shown_levels,
        check_decodes,
        lambda content: prepare(content, PackOptions(decode=True), None),
        lambda content: prepare(content, PackOptions(shortest_side=9), None),
    ):
        with pytest.raises(ImageError, match=reason):
            decode(content)
    assert not dali_decodes(memoryview(content))


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in IN_THE_PIXELS])
def test_most_are_refused_before_anything_is_decoded(name):
    content, reason = REFUSED[name]
    with pytest.raises(ImageError, match=reason):
        shown_size(content)
