"""What the native decoder leaves to Pillow: other formats, other colours, other depths."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg import baseline
from bsgrow.images.jpeg.baseline import to_baseline
from bsgrow.images.reading import shown_size
from bsgrow.native import decoding
from bsgrow.native.decoding import check_as_in_training, decode_batch_async
from tests.native.test_jpeg_faults import IDENTITY, PIXELS, WHOLE, show, whole
from tests.photographs import encode, save

pytest.importorskip("bsgrow._native_jpeg")


def sixteen_bit_png(grey):
    """Written by hand: Pillow writes no grey levels that 257 does not divide evenly."""
    height, width = grey.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in grey)

    def chunk(name, data):
        crc = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + crc

    header = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_sixteen_bits_of_grey_are_rounded_to_eight():
    grey = np.random.default_rng(0).integers(0, 1 << 16, (16, 16))
    expected = np.repeat(np.round(grey / 257).astype(np.uint8)[:, :, None], 3, axis=2)
    np.testing.assert_array_equal(show(sixteen_bit_png(grey)), expected)
    assert shown_size(sixteen_bit_png(grey)) == (16, 16)


@pytest.mark.parametrize("highest", [65535, 4095, 256])
def test_sixteen_bits_of_grey_in_a_pgm_are_too(highest):
    grey = np.random.default_rng(0).integers(0, highest + 1, (16, 16))
    for content in (
        b"P5 16 16 %d\n" % highest + grey.astype(">u2").tobytes(),
        b"P2 16 16 %d\n" % highest + b" ".join(b"%d" % level for level in grey.flat),
    ):
        difference = show(content) - np.round(grey / highest * 255)[:, :, None]
        assert np.abs(difference).max() <= (0 if highest == 65535 else 1)
        assert shown_size(content) == (16, 16)


def rgba():
    alpha = np.arange(90 * 120, dtype=np.uint8).reshape(90, 120, 1)
    return Image.fromarray(np.concatenate([PIXELS, alpha], axis=2))


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (save(PIXELS, "PNG"), PIXELS),
        (save(PIXELS, "BMP"), PIXELS),
        (save(PIXELS, "TIFF"), PIXELS),
        (save(PIXELS, "PPM"), PIXELS),
        (save(PIXELS, "WEBP", lossless=True), PIXELS),
        (save(rgba(), "PNG"), PIXELS),
        (save(Image.fromarray(PIXELS).convert("L"), "PNG"), None),
        (save(Image.fromarray(PIXELS).convert("1"), "PNG"), None),
        (save(Image.fromarray(PIXELS).quantize(64), "PNG", transparency=bytes(range(64))), None),
        (save(Image.fromarray(PIXELS).quantize(64), "GIF"), None),
        (encode(PIXELS, mode="CMYK"), None),
        (encode(PIXELS, mode="CMYK", progressive=True), None),
    ],
    ids=lambda value: value[:4].hex() if isinstance(value, bytes) else "",
)
def test_other_formats_and_colours_are_decoded_by_pillow(encoded, expected):
    if expected is None:
        with Image.open(io.BytesIO(encoded)) as image:
            through = image.convert("RGBA") if image.mode == "P" else image
            expected = np.asarray(through.convert("RGB"))
    assert shown_size(encoded) == (90, 120)
    window = (30, 40, 16, 16, 1)
    np.testing.assert_array_equal(show(encoded, window), expected[30:46, 40:56][:, ::-1])


def damaged(encoded):
    """A sector of its pixel data is zero; it ends as a whole file does."""
    middle = len(encoded) // 2
    return encoded[:middle] + bytes(1500) + encoded[middle + 1500 :]


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("adobe", [False, True], ids=["CMYK", "YCCK"])
def test_damage_that_pillow_passes_over_is_reported(adobe, progressive):
    whole = encode(PIXELS, mode="CMYK", progressive=progressive, restart_marker_rows=1)
    if adobe:
        at = whole.index(b"Adobe") + 11
        whole = whole[:at] + b"\2" + whole[at + 1 :]
    check_as_in_training(whole)
    encoded = damaged(whole)
    with Image.open(io.BytesIO(encoded)) as image:
        image.load()
    assert "Corrupt JPEG data" in show(encoded)
    with pytest.raises(ImageError, match="Corrupt JPEG data"):
        check_as_in_training(encoded)


def test_a_turned_png_is_turned():
    image = Image.fromarray(PIXELS)
    exif = image.getexif()
    exif[0x0112] = 6
    turned = save(image, "PNG", exif=exif)
    assert shown_size(turned) == (120, 90)
    expected = np.rot90(PIXELS, -1)[60:76, 20:36]
    np.testing.assert_array_equal(show(turned, (60, 20, 16, 16, 0)), expected)


def test_without_the_native_decoder_pillow_does_it_all(monkeypatch):
    native = show(WHOLE, (10, 20, 70, 90, 1))
    monkeypatch.setattr(decoding, "native", None)
    monkeypatch.setattr(baseline, "jpeg_extension", None)
    assert not decoding.is_built()
    np.testing.assert_array_equal(show(WHOLE, (10, 20, 70, 90, 1)), native)
    assert "truncated" in whole(WHOLE[:1500])
    with pytest.raises(ImageError, match="without libjpeg-turbo"):
        to_baseline(WHOLE)
    out = np.zeros((1, 3, 16, 16), np.float32)
    task = decode_batch_async(
        [WHOLE],
        windows=np.array([[10, 20, 70, 90, 1]], np.int32),
        size=16,
        out_images=out,
        num_threads=1,
        **IDENTITY,
    )
    assert not task.done()
    assert task.statuses == [None]
    np.testing.assert_array_equal(out[0].transpose(1, 2, 0).round(), native)
