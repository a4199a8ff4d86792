"""JPEGs cut into restart intervals: decoded of them is what a window needs, to the same pixels."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.images.image_error import ImageError
from bsgrow.images.jpeg.baseline import to_baseline, with_restarts
from bsgrow.native.decoding import decode_batch
from tests.drawn import num_cases
from tests.native.test_jpeg_decode import levels, windows, with_orientation
from tests.native.test_jpeg_scaled import crops, decoded, expected, reduced_whole
from tests.photographs import cut, decode, encode, jpeg_kinds

pytest.importorskip("bsgrow._native_jpeg")

SEVEN = encode(cut(70, 7 * 16 - 3))  # units a row, each an interval
KINDS = {name: with_restarts(encoded) for name, encoded in jpeg_kinds().items()} | {
    "turned": with_restarts(with_orientation(jpeg_kinds()["4:2:2"], 6)),
    "seven units": with_restarts(SEVEN),
    "three columns in the last": with_restarts(encode(cut(70, 99), subsampling=1)),
    "four columns in the last": with_restarts(encode(cut(70, 100), subsampling=2)),
    "tables of 16 bits": with_restarts(encode(cut(90, 120), qtables=[[300] * 64] * 2)),
    "a row an interval": encode(cut(90, 120), restart_marker_rows=1),
    "two rows an interval": encode(cut(90, 120), restart_marker_rows=2),
    "across the ends of rows": encode(cut(90, 120), restart_marker_blocks=3),
}


def interval_of(encoded):
    at = encoded.index(b"\xff\xdd\0\4") + 4
    return int.from_bytes(encoded[at : at + 2])


@pytest.mark.parametrize("kind", jpeg_kinds())
def test_the_pixels_stay(kind):
    before = jpeg_kinds()[kind]
    np.testing.assert_array_equal(decode(KINDS[kind]), decode(before))
    assert interval_of(KINDS[kind]) <= 6
    assert with_restarts(KINDS[kind]) == KINDS[kind], "cut again, it is the same"


def test_intervals_divide_a_row_and_cost_little():
    photo = encode(cut(375, 500))  # 32 units of 16 pixels
    packed = with_restarts(photo)
    assert interval_of(packed) == 4
    assert len(packed) < 1.02 * len(to_baseline(encode(cut(375, 500), progressive=True)))
    assert interval_of(with_restarts(SEVEN)) == 1


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=num_cases(30))
@given(data=st.data())
def test_a_window_is_a_part_of_the_whole(kind, data):
    whole = decode(KINDS[kind])
    top, left, height, width = window = data.draw(windows(*whole.shape[:2]))
    part = whole[top : top + height, left : left + width]
    np.testing.assert_array_equal(levels(KINDS[kind], window), part)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=num_cases(10))
@given(data=st.data())
def test_so_it_is_at_a_part_of_the_size(kind, data):
    window, size, resize = data.draw(crops(*reduced_whole(KINDS[kind], 1).shape[:2]))
    pixels = decoded(KINDS[kind], window, size, resize)
    np.testing.assert_array_equal(pixels, expected(KINDS[kind], window, size, resize))


PHOTO = with_restarts(encode(cut(375, 500)))
CORNER = (200, 300, 100, 150)  # far from the first intervals
MARKERS = [found.start() for found in re.finditer(rb"\xff[\xd0-\xd7]", PHOTO)]


def status(encoded, window=CORNER):
    (reason,) = decode_batch(
        [encoded],
        windows=np.array([[*window, 0]], np.int32),
        size=8,
        mean=[0.0] * 3,
        std=[1.0] * 3,
        out_images=np.empty((1, 3, 8, 8), np.float32),
        num_threads=1,
    )
    return reason


def damaged(begin, end):
    """Zeros for the data between two places: codes that mean something, and then too few."""
    return PHOTO[:begin] + bytes(end - begin) + PHOTO[end:]


def test_what_lies_beside_a_window_is_not_read():
    beside = damaged(MARKERS[0] + 2, MARKERS[1])
    assert status(beside, (0, 0, 375, 500)) is not None
    assert status(beside) is None
    np.testing.assert_array_equal(levels(beside, CORNER), levels(PHOTO, CORNER))


def test_damage_in_a_window_is_told_by_the_byte_of_the_file():
    first = MARKERS[8 * 15 + 5]  # of the row of units at 240 pixels, the interval at 384
    inside = damaged(first + 2, MARKERS[8 * 15 + 6])
    place = re.search(r"near byte (\d+) of (\d+)", status(inside))
    assert int(place[2]) == len(inside)
    assert abs(int(place[1]) - first) < 3000


@pytest.mark.parametrize("number", [0, 40, 120])
def test_intervals_out_of_order_are_decoded_as_they_stand(number):
    """One that is missing moves all that follow, which libjpeg notices before the window."""
    at, then = MARKERS[number], MARKERS[number + 1]
    assert "Corrupt JPEG data" in status(PHOTO[:at] + PHOTO[then:])


@pytest.mark.parametrize("end", [MARKERS[-1], MARKERS[60], MARKERS[60] + 1, len(PHOTO) - 2])
def test_one_that_is_cut_short_is_told_where_rows_are_missing(end):
    assert (status(PHOTO[:end]) is None) == (end > MARKERS[8 * 19])


def test_what_cannot_be_cut_is_an_error():
    with pytest.raises(ImageError, match="it has no end"):
        with_restarts(PHOTO[: MARKERS[60]])
    with pytest.raises(ImageError, match="it is empty"):
        with_restarts(b"")


@pytest.mark.parametrize("factor", [0x00, 0x10, 0x01, 0x55])
def test_units_of_no_blocks_or_too_many_are_an_error(factor):
    at = PHOTO.index(b"\xff\xc0") + 11
    spoilt = bytearray(PHOTO)
    spoilt[at : at + 9 : 3] = bytes([factor]) * 3
    with pytest.raises(ImageError, match="sampling factors"):
        with_restarts(bytes(spoilt))
    assert "sampling factors" in status(bytes(spoilt), (0, 0, 10, 10))


@pytest.mark.parametrize(("top", "left"), [(0, 0), (30, 0), (0, 98), (69, 97), (30, 50)])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("kind", ["three columns in the last", "four columns in the last"])
def test_narrow_windows_have_the_colours_of_the_whole(kind, size, top, left):
    """libjpeg-turbo makes no smooth colours of an image of four columns."""
    whole = decode(KINDS[kind])
    height, width = min(size, whole.shape[0] - top), min(size, whole.shape[1] - left)
    pixels = levels(KINDS[kind], (top, left, height, width))
    np.testing.assert_array_equal(pixels, whole[top : top + height, left : left + width])


def test_narrow_windows_of_it_at_a_part_of_its_size():
    photo = with_restarts(encode(cut(200, 112), subsampling=1))
    for left, side in ((0, 8), (104, 8), (0, 9)):
        window = (100, left, side, side, 0)
        np.testing.assert_array_equal(decoded(photo, window, 2), expected(photo, window, 2, None))
