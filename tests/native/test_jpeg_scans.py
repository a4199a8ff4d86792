"""Scans that are missing: what only refines the pixels may be left out, a component may not."""

import struct

import numpy as np
import pytest

from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.baseline import to_baseline
from bsgrow.native import decoding
from bsgrow.native.decoding import check_as_in_training
from tests.native.test_jpeg_decode import levels
from tests.photographs import cut, decode, encode, with_scans

PROGRESSIVE = encode(cut(96, 128), progressive=True)
NUM_SCANS = PROGRESSIVE.count(b"\xff\xda")


def test_a_progressive_image_has_scans_to_leave_out():
    assert NUM_SCANS == 10
    assert with_scans(PROGRESSIVE, NUM_SCANS) == PROGRESSIVE


@pytest.mark.parametrize("num_scans", range(1, NUM_SCANS))
@pytest.mark.parametrize("window", [(0, 0, 96, 128), (30, 40, 20, 30)], ids=["whole", "part"])
def test_coefficients_that_are_left_out_are_zero(num_scans, window):
    """Nothing is guessed, so that baseline has the same pixels; Pillow would smooth them."""
    encoded = with_scans(PROGRESSIVE, num_scans)
    top, left, height, width = window
    expected = decode(to_baseline(encoded))[top : top + height, left : left + width]
    np.testing.assert_array_equal(levels(encoded, window), expected)


def segment(marker, body):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def flat_image(progressive, num_scans):
    """One block of three components, written by hand, each in a scan of its own."""
    one_code = bytes([1, *[0] * 15, 0])  # one symbol, zero, of one bit
    tables = segment(0xC4, b"\x00" + one_code) + segment(0xC4, b"\x10" + one_code)
    components = b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    frame = segment(0xC2 if progressive else 0xC0, bytes([8, 0, 8, 0, 8, 3]) + components)
    last, data = (0, b"\x7f") if progressive else (63, b"\x3f")
    scans = [segment(0xDA, bytes([1, i + 1, 0, 0, last, 0])) + data for i in range(num_scans)]
    quantisation = segment(0xDB, b"\0" + b"\1" * 64)
    return b"".join([b"\xff\xd8", quantisation, tables, frame, *scans, b"\xff\xd9"])


@pytest.mark.parametrize("progressive", [False, True])
def test_a_component_without_a_scan_is_reported(progressive):
    """It would be decoded as if it were grey, without a warning."""
    check_as_in_training(flat_image(progressive, 3))
    for num_scans in (1, 2):
        with pytest.raises(ImageError, match="the scans of a component are missing"):
            check_as_in_training(flat_image(progressive, num_scans))


def test_what_has_a_component_without_a_scan_is_not_made_baseline():
    assert to_baseline(flat_image(True, 3))
    with pytest.raises(ImageError, match="the scans of a component are missing"):
        to_baseline(flat_image(True, 2))


def test_a_lossless_one_is_left_to_pillow(monkeypatch):
    """Whichever libjpeg-turbo is there: release 3 reads them, but no part of one."""
    asked = []
    pixels = np.zeros((8, 8, 3), np.uint8)
    monkeypatch.setattr(decoding, "shown_levels", lambda *image: asked.append(image) or pixels)
    check_as_in_training(flat_image(False, 3).replace(b"\xff\xc0", b"\xff\xc3"))
    assert len(asked) == 1
