"""Files that are broken, strange or hostile: decoded as documented, or reported; never a crash."""

import io
import re
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from bsgrow import _native_jpeg
from bsgrow.native import jpeg
from bsgrow.native.image_error import ImageError
from bsgrow.native.jpeg import decode_batch, decode_batch_async, image_size, to_baseline
from tests.photographs import cut, decode, encode, save

PIXELS = cut(90, 120)
WHOLE = encode(PIXELS)
IDENTITY = {"mean": [0.0] * 3, "std": [1 / 255] * 3}


def show(encoded, window=None, **changes):
    """The reason, or the levels of the window: uint8 [16, 16, 3]."""
    out = np.full((1, 3, 16, 16), -1, np.float32)
    drawn = np.array([window or (0, 0, 16, 16, 0)], np.int32)
    statuses = decode_batch(
        [encoded], windows=drawn, size=16, out_images=out, num_threads=1, **IDENTITY, **changes
    )
    return statuses[0] or out[0].transpose(1, 2, 0).round().astype(np.uint8)


def whole(encoded):
    """The reason why it cannot be decoded to its end."""
    with Image.open(io.BytesIO(encoded)) as image:
        width, height = image.size
    return show(encoded, (0, 0, height, width, 0))


def scan_start(encoded):
    return encoded.index(b"\xff\xda")


def test_a_truncated_file_is_reported_with_its_position():
    cut_short = WHOLE[: len(WHOLE) // 2]
    match = re.fullmatch(
        r"Premature end of JPEG file \(near byte (\d+) of (\d+)\)", whole(cut_short)
    )
    assert int(match[2]) == len(cut_short)
    assert int(match[2]) - 64 < int(match[1]) <= int(match[2])


def test_damage_below_the_window_is_not_seen():
    top = show(WHOLE[: 3 * len(WHOLE) // 4])
    np.testing.assert_array_equal(top, decode(WHOLE)[:16, :16])


@pytest.mark.parametrize("part", [0.0, 0.3, 0.7, 0.99])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_file_cut_anywhere_is_never_decoded_whole(part, progressive):
    encoded = encode(PIXELS, progressive=progressive)
    start = scan_start(encoded)
    reason = whole(encoded[: start + 20 + int(part * (len(encoded) - start - 22))])
    assert "Premature end" in reason


@pytest.mark.parametrize("size", [0, 1, 2, 3, 20, 100])
def test_a_header_cut_short_is_reported(size):
    assert isinstance(show(WHOLE[:size]), str)
    with pytest.raises(ImageError):
        image_size(WHOLE[:size])


def test_flipped_bits_are_reported_or_decoded_but_never_crash():
    generator = np.random.default_rng(0)
    reasons = 0
    for _ in range(300):
        broken = bytearray(WHOLE)
        for _ in range(3):
            broken[generator.integers(len(broken))] ^= 1 << generator.integers(8)
        reasons += isinstance(show(bytes(broken), (0, 0, 90, 120, 0)), str)
    assert reasons > 30


def test_a_missing_end_marker_is_a_truncation():
    assert "Premature end" in whole(WHOLE[:-2])


def test_bytes_behind_the_image_are_ignored():
    np.testing.assert_array_equal(show(WHOLE + b"more"), decode(WHOLE)[:16, :16])


def test_bytes_before_the_end_marker_are_ignored():
    """Some files of ImageNet have them; no pixel is lost."""
    padded = WHOLE[:-2] + b"\x00" + WHOLE[-2:]
    np.testing.assert_array_equal(show(padded, (74, 104, 16, 16, 0)), decode(WHOLE)[74:, 104:])


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        (b"", "it is empty|Empty input file"),
        (b"not an image", "not an image that can be read"),
        (b"\xff\xd8\xff\xd9", "no image|no frame|JPEG datastream contains no image"),
        (b"\x89PNG\r\n\x1a\nbroken", "Pillow cannot decode it|not an image"),
        (save(PIXELS, "PNG")[:-900], "Pillow cannot decode it|truncated"),
        (save(Image.new("F", (20, 20)), "TIFF"), "numbers of 32 bits"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image that can be read"),
    ],
)
def test_what_is_no_image_is_reported(encoded, reason):
    assert re.search(reason, show(encoded))


@pytest.mark.parametrize("encoded", [b"", b"not an image", b"\xff\xd8\xff\xd9", b"%!PS-Adobe-3.0"])
def test_the_size_of_what_is_no_image_is_an_error(encoded):
    with pytest.raises(ImageError):
        image_size(encoded)


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
    assert image_size(sixteen_bit_png(grey)) == (16, 16)


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
    assert image_size(encoded) == (90, 120)
    window = (30, 40, 16, 16, 1)
    np.testing.assert_array_equal(show(encoded, window), expected[30:46, 40:56][:, ::-1])


def test_a_turned_png_is_turned():
    image = Image.fromarray(PIXELS)
    exif = image.getexif()
    exif[0x0112] = 6
    turned = save(image, "PNG", exif=exif)
    assert image_size(turned) == (120, 90)
    expected = np.rot90(PIXELS, -1)[60:76, 20:36]
    np.testing.assert_array_equal(show(turned, (60, 20, 16, 16, 0)), expected)


def with_size(encoded, height, width):
    start = encoded.index(b"\xff\xc0")
    return encoded[: start + 5] + struct.pack(">HH", height, width) + encoded[start + 9 :]


def test_a_decompression_bomb_is_refused_before_it_is_decoded():
    bomb = with_size(WHOLE, 65_500, 65_500)
    with pytest.raises(ImageError, match="65500 x 65500 pixels are more than the 178956970"):
        image_size(bomb)
    assert "65500 x 65500 pixels are more than the 178956970" in show(bomb)
    png = save(Image.new("1", (20_000, 20_000)), "PNG")
    assert "exceeds limit" in show(png)


def test_the_limit_of_pixels_is_the_user_s():
    assert show(WHOLE, max_pixels=90 * 120).shape == (16, 16, 3)
    assert show(WHOLE, max_pixels=90 * 120 - 1) == (
        "90 x 120 pixels are more than the 10799 allowed"
    )
    assert "more than the 10799 allowed" in show(save(PIXELS, "PNG"), max_pixels=10_799)
    with pytest.raises(ImageError, match="more than the 10799 allowed"):
        image_size(WHOLE, max_pixels=10_799)


def test_a_progressive_bomb_is_refused_its_memory():
    """The header alone asks for 800 MB of coefficients."""
    encoded = encode(PIXELS, progressive=True, subsampling=0)
    start = encoded.index(b"\xff\xc2")
    bomb = encoded[: start + 5] + struct.pack(">HH", 12_000, 12_000) + encoded[start + 9 :]
    assert "more than 512 MiB of memory" in show(bomb)


def segment(marker, body):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def flat_image_of(num_scans):
    """A progressive grey image of one block, written by hand: every scan says "no change"."""
    one_code = bytes([1, *[0] * 15, 0])  # one symbol, zero, of one bit
    tables = segment(0xC4, b"\x00" + one_code) + segment(0xC4, b"\x10" + one_code)
    frame = segment(0xC2, bytes([8, 0, 8, 0, 8, 1, 1, 0x11, 0]))
    bands = [(0, 0, 0x00)]
    for high, low in ((0, 2), (2, 1), (1, 0)):
        bands += [(k, k, high << 4 | low) for k in range(1, 64)]
    scans = [segment(0xDA, bytes([1, 1, 0, *band])) + b"\x7f" for band in bands[:num_scans]]
    quantisation = segment(0xDB, b"\0" + b"\1" * 64)
    return b"".join([b"\xff\xd8", quantisation, tables, frame, *scans, b"\xff\xd9"])


def test_many_scans_are_refused():
    """Each scan goes over the whole image, however small the file."""
    window = (0, 0, 8, 8, 0)
    assert (show(flat_image_of(100), window) == 128).all()
    assert "more than 100 scans" in show(flat_image_of(101), window)


@pytest.mark.parametrize(
    "window",
    [(0, 0, 91, 120, 0), (0, 0, 90, 121, 0), (89, 0, 2, 1, 0), (-1, 0, 9, 9, 0), (0, 0, 0, 5, 0)],
)
@pytest.mark.parametrize("format_name", ["JPEG", "PNG"])
def test_a_window_outside_is_reported(window, format_name):
    """The index of a shard may be wrong about a size."""
    assert "does not lie in the image of 90 x 120" in show(save(PIXELS, format_name), window)


def test_one_bad_image_does_not_spoil_the_others():
    encoded = [WHOLE, WHOLE[:700], b"", save(PIXELS, "PNG"), WHOLE]
    windows = np.tile(np.array([0, 0, 90, 120, 0], np.int32), (5, 1))
    out = np.full((5, 3, 16, 16), -1, np.float32)
    for decoder in (decode_batch, decode_batch_async):
        result = decoder(
            encoded, windows=windows, size=16, out_images=out, num_threads=2, **IDENTITY
        )
        statuses = result if isinstance(result, list) else result.statuses
        assert [status is None for status in statuses] == [True, False, False, True, True]
        np.testing.assert_array_equal(out[0], out[4])
        assert out[0].min() >= 0
        assert out[3].min() >= 0


def test_a_cancelled_task_says_so_and_writes_no_more():
    windows = np.tile(np.array([0, 0, 90, 120, 0], np.int32), (2_000, 1))
    out = np.full((2_000, 3, 16, 16), -1, np.float32)
    task = decode_batch_async(
        [WHOLE] * 2_000, windows=windows, size=16, out_images=out, num_threads=1, **IDENTITY
    )
    task.cancel()
    task.wait()
    assert task.done()
    written = (out != -1).any(axis=(1, 2, 3))
    for status, is_written in zip(task.statuses, written, strict=True):
        assert status == (None if is_written else "it was not decoded")
    assert not written.all()


def test_a_task_keeps_what_it_needs_alive():
    windows = np.tile(np.array([0, 0, 90, 120, 0], np.int32), (60, 1))
    out = np.full((60, 3, 16, 16), -1, np.float32)
    task = decode_batch_async(
        [bytes(bytearray(WHOLE)) for _ in range(60)],
        windows=windows.copy(),
        size=16,
        out_images=out,
        num_threads=1,
        **IDENTITY,
    )
    del windows
    task.wait()
    assert task.statuses == [None] * 60
    assert (out == out[0]).all()


def test_without_the_native_decoder_pillow_does_it_all(monkeypatch):
    native = show(WHOLE, (10, 20, 70, 90, 1))
    monkeypatch.setattr(jpeg, "native", None)
    assert not jpeg.is_built()
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


@pytest.mark.parametrize("encoded", [b"", b"no", encode(PIXELS, progressive=True)[:900]])
def test_what_cannot_be_made_baseline_is_reported(encoded):
    with pytest.raises(ImageError):
        to_baseline(encoded)


def arguments(**changes):
    return {
        "encoded": [WHOLE, WHOLE],
        "windows": np.tile(np.array([0, 0, 90, 120, 0], np.int32), (2, 1)),
        "resize": 0,
        "scale": np.ones(3, np.float32),
        "bias": np.ones(3, np.float32),
        "out_images": np.full((2, 3, 6, 8), 9, np.float32),
        "max_pixels": 10**8,
        "num_threads": 2,
    } | changes


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("encoded[1]", [WHOLE, np.zeros((2, 2), np.uint8)], "expected bytes, got shape"),
        ("encoded[0]", [np.zeros(9, np.uint8)[::2], WHOLE], "got strides"),
        ("windows", np.zeros((3, 5), np.int32), "dimension 0 must be 2 \\(as in encoded\\)"),
        ("windows", np.zeros((2, 5), np.int64), "format 'l'"),
        ("windows", np.zeros((2, 10), np.int32)[:, ::2], "got strides"),
        ("resize", 7, "at least the output's 8"),
        ("scale", np.ones(2, np.float32), "dimension 0 must be 3"),
        ("bias", np.full(3, np.inf, np.float32), "infinite or NaN"),
        ("out_images", np.zeros((2, 1, 6, 8), np.float32), "dimension 1 must be 3"),
        ("out_images", np.zeros((3, 3, 6, 8), np.float32), "dimension 0 must be 2"),
        ("out_images", np.zeros((2, 3, 6, 8)), "format 'd'"),
        ("out_images", np.zeros((2, 3, 6, 8), np.float32)[::-1], "got other strides"),
        ("max_pixels", 0, "got 0"),
        ("num_threads", 0, "got 0"),
        ("num_threads", 1025, "got 1025"),
    ],
)
def test_a_wrong_value_is_named(name, value, message):
    for decoder in (_native_jpeg.decode_batch, _native_jpeg.decode_batch_async):
        with pytest.raises(ValueError, match=f"^{re.escape(name)}: .*{message}"):
            decoder(**arguments(**{name.partition("[")[0]: value}))


@pytest.mark.parametrize("encoded", [WHOLE, 5, [WHOLE, "text"], [WHOLE, None]])
def test_what_is_no_sequence_of_bytes_is_named(encoded):
    with pytest.raises(TypeError, match=r"^encoded(\[1\])?: expected"):
        _native_jpeg.decode_batch(**arguments(encoded=encoded))


def test_the_shape_of_the_output_is_checked():
    with pytest.raises(ValueError, match=r"^out_images: expected shape \(1, 3, 8, 8\), got"):
        decode_batch(
            [WHOLE],
            windows=np.zeros((1, 5), np.int32),
            size=8,
            out_images=np.zeros((1, 3, 6, 8), np.float32),
            num_threads=1,
            **IDENTITY,
        )


def test_a_forked_child_decodes():
    program = """
import os
from tests.native.test_jpeg_faults import WHOLE, show
first = show(WHOLE)
child = os.fork()
if child == 0:
    os._exit(0 if (show(WHOLE) == first).all() else 3)
assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
