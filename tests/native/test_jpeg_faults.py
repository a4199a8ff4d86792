"""Files that are broken, strange or hostile: decoded as documented, or reported; never a crash."""

import io
import re
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.baseline import to_baseline
from bsgrow.images.reading import shown_size
from bsgrow.native.decoding import decode_batch, decode_batch_async
from tests.photographs import cut, decode, encode, save

pytest.importorskip("bsgrow._native_jpeg")

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
        shown_size(WHOLE[:size])


def test_flipped_bits_are_reported_or_decoded_but_never_crash():
    generator = np.random.default_rng(0)
    reasons = 0
    for _ in range(300):
        broken = bytearray(WHOLE)
        for _ in range(3):
            broken[generator.integers(len(broken))] ^= 1 << generator.integers(8)
        reasons += isinstance(show(bytes(broken), (0, 0, 90, 120, 0)), str)
    assert reasons > 30


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
        (b"\x89PNG\r\n\x1a\nbroken", "its header is damaged"),
        (save(PIXELS, "PNG")[:-900], "pixels are missing"),
        (save(Image.new("F", (20, 20)), "TIFF"), "numbers of 32 bits"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image that can be read"),
    ],
)
def test_what_is_no_image_is_reported(encoded, reason):
    assert re.search(reason, show(encoded))


@pytest.mark.parametrize("encoded", [b"", b"not an image", b"\xff\xd8\xff\xd9", b"%!PS-Adobe-3.0"])
def test_the_size_of_what_is_no_image_is_an_error(encoded):
    with pytest.raises(ImageError):
        shown_size(encoded)


def with_size(encoded, height, width):
    start = encoded.index(b"\xff\xc0")
    return encoded[: start + 5] + struct.pack(">HH", height, width) + encoded[start + 9 :]


def test_a_decompression_bomb_is_refused_before_it_is_decoded():
    bomb = with_size(WHOLE, 65_500, 65_500)
    with pytest.raises(ImageError, match="65500 x 65500 pixels are more than the 178956970"):
        shown_size(bomb)
    assert "65500 x 65500 pixels are more than the 178956970" in show(bomb)
    png = save(Image.new("1", (20_000, 20_000)), "PNG")
    assert "20000 x 20000 pixels are more than the 178956970" in show(png)


def test_the_limit_of_pixels_is_the_user_s():
    assert show(WHOLE, max_pixels=90 * 120).shape == (16, 16, 3)
    assert show(WHOLE, max_pixels=90 * 120 - 1) == (
        "90 x 120 pixels are more than the 10799 allowed"
    )
    assert "more than the 10799 allowed" in show(save(PIXELS, "PNG"), max_pixels=10_799)
    with pytest.raises(ImageError, match="more than the 10799 allowed"):
        shown_size(WHOLE, max_pixels=10_799)


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


@pytest.mark.parametrize("encoded", [b"", b"no", encode(PIXELS, progressive=True)[:900]])
def test_what_cannot_be_made_baseline_is_reported(encoded):
    with pytest.raises(ImageError):
        to_baseline(encoded)


@pytest.mark.forks
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
    subprocess.run([sys.executable, "-c", program], check=True, timeout=600)
