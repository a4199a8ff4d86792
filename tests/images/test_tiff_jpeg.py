"""JPEGs inside of a TIFF: the colours are those of the TIFF, and no lost pixel is passed over."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from bsgrow.images.dali_formats import dali_decodes
from bsgrow.images.reading import shown_levels
from bsgrow.images.tiff.jpeg import jpegs_inside
from bsgrow.native.decoding import check_as_in_training, decode_batch, is_built
from tests.photographs import cut, save

PIXELS = cut(70, 90)
ROWS_PER_STRIP = 278


def tiff_of_jpegs(pixels=PIXELS, rows=32):
    return save(pixels, "TIFF", compression="jpeg", quality=95, tiffinfo={ROWS_PER_STRIP: rows})


KINDS = {
    "strips": tiff_of_jpegs(),
    "one strip": tiff_of_jpegs(rows=70),
    "grey": tiff_of_jpegs(np.ascontiguousarray(PIXELS[..., 1])),
    "YCbCr": tiff_of_jpegs(Image.fromarray(PIXELS).convert("YCbCr")),
}


@pytest.mark.parametrize("name", KINDS)
def test_they_come_out_as_libtiff_has_them(name):
    with Image.open(io.BytesIO(KINDS[name])) as image:
        expected = np.asarray(image.convert("RGB"), int)
    levels = shown_levels(KINDS[name])
    assert np.abs(levels - expected).max() <= 1
    assert np.abs(levels - expected).mean() < 0.1
    original = PIXELS if name != "grey" else PIXELS[..., 1:2]
    assert np.abs(levels - original.astype(int)).mean() < 4
    assert not dali_decodes(memoryview(KINDS[name]))
    check_as_in_training(KINDS[name])


def with_lost_data(tiff):
    """Zeros in the middle of the last strip, which its end marker follows."""
    *_, last = jpegs_inside(tiff)
    scan = last[last.index(b"\xff\xda") :]
    at = tiff.index(scan) + len(scan) // 2
    return tiff[:at] + b"\xff\xd9" + tiff[at + 2 :]


@pytest.mark.skipif(not is_built(), reason="Pillow passes over what is tested")
@pytest.mark.parametrize("name", KINDS)
def test_lost_data_is_found_whatever_the_window(name):
    out = np.empty((1, 3, 8, 8), np.float32)
    windows = np.array([[0, 0, 8, 8, 0]], np.int32)
    options = {"mean": (0.0,) * 3, "std": (1.0,) * 3, "num_threads": 1}
    lost = with_lost_data(KINDS[name])
    (reason,) = decode_batch([lost], windows=windows, size=8, out_images=out, **options)
    assert reason is not None
    assert "premature end" in reason or "cut short" in reason or "cannot be decoded" in reason


def test_a_jpeg_that_is_smaller_than_its_strip_is_an_error():
    lower = bytearray(KINDS["grey"])
    (last,) = list(jpegs_inside(bytes(lower)))[2:]
    frame = lower.index(b"\xff\xc0", lower.index(last[last.index(b"\xff\xc0") :][:20]))
    struct.pack_into(">H", lower, frame + 5, 3)
    with pytest.raises(ValueError, match="pixels are missing"):
        shown_levels(bytes(lower))
