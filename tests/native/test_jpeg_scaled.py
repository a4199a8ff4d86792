"""Decoding at a part of the size: the pixels that libjpeg-turbo gives the whole image there."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from bsgrow.images.orientation import orientation_of
from bsgrow.native import decoding, reference_resize
from bsgrow.native.decoding import decode_batch, decode_batch_async
from tests.drawn import num_cases
from tests.native.test_jpeg_decode import with_orientation
from tests.photographs import cut, encode, jpeg_kinds

pytest.importorskip("bsgrow._native_jpeg")

TURNED = {f"turned {tag}": with_orientation(jpeg_kinds()["4:2:0"], tag) for tag in range(2, 9)}
KINDS = jpeg_kinds() | TURNED
REDUCTIONS = (8, 4, 2)


def reduced_whole(encoded, reduction):
    """What Pillow makes of the whole image, by the same part of the inverse DCT."""
    with Image.open(io.BytesIO(encoded)) as image:
        image.draft(image.mode, tuple(side // reduction for side in image.size))
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def reduction_for(window, size, resize):
    for reduction in REDUCTIONS:
        sides = window[2] // reduction, window[3] // reduction
        if min(sides) >= (resize or size):
            return reduction
    return 1


# Which sides of the stored image are the last ones as it is shown, by the tag of its EXIF.
REVERSED = {1: "", 2: "x", 3: "xy", 4: "y", 5: "", 6: "x", 7: "xy", 8: "y"}


def reduced_edges(first, last, side, reduction, is_reversed):
    """Each edge at the nearest pixel of the reduced side, as the image is stored."""
    if is_reversed:
        whole = -(-side // reduction)
        return [whole - (side - edge + reduction // 2) // reduction for edge in (first, last)]
    return [(edge + reduction // 2) // reduction for edge in (first, last)]


def reduced(window, reduction, encoded):
    top, left, height, width, flipped = window
    sides, turned = reduced_whole(encoded, 1).shape, REVERSED[orientation_of(encoded)]
    top, bottom = reduced_edges(top, top + height, sides[0], reduction, "y" in turned)
    left, right = reduced_edges(left, left + width, sides[1], reduction, "x" in turned)
    return top, left, bottom - top, right - left, flipped


def expected(encoded, window, size, resize):
    reduction = reduction_for(window, size, resize)
    whole = reduced_whole(encoded, reduction)
    return reference_resize.resize_window(whole, reduced(window, reduction, encoded), size, resize)


def decoded(encoded, window, size, resize=None, scaled=True, decoder=decode_batch):
    out = np.full((1, 3, size, size), -1, np.float32)
    result = decoder(
        [encoded],
        windows=np.array([window], np.int32),
        size=size,
        resize=resize,
        mean=[0.0] * 3,
        std=[1 / 255] * 3,
        out_images=out,
        num_threads=1,
        scaled=scaled,
    )
    assert (result if isinstance(result, list) else result.statuses) == [None]
    return np.rint(out[0].transpose(1, 2, 0)).astype(np.uint8)


@st.composite
def crops(draw, height, width):
    """A window, and a size that may be far below it or above."""
    top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    sides = draw(st.integers(1, height - top)), draw(st.integers(1, width - left))
    size = draw(st.integers(1, 40))
    resize = draw(st.sampled_from((None, size, size + 5)))
    return (top, left, *sides, draw(st.integers(0, 1))), size, resize


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=num_cases(25))
@given(data=st.data())
def test_a_window_is_that_of_the_whole_at_the_same_part_of_its_size(kind, data):
    height, width = reduced_whole(KINDS[kind], 1).shape[:2]
    window, size, resize = data.draw(crops(height, width))
    pixels = decoded(KINDS[kind], window, size, resize)
    np.testing.assert_array_equal(pixels, expected(KINDS[kind], window, size, resize))


def test_every_reduction_is_taken_and_is_near_to_the_exact():
    photo, whole = encode(cut(400, 400)), (0, 0, 400, 400, 0)
    for size, reduction, most in ((50, 8, 4), (60, 4, 4), (150, 2, 4), (201, 1, 0)):
        assert reduction_for(whole, size, None) == reduction
        differences = decoded(photo, whole, size).astype(int) - decoded(
            photo, whole, size, scaled=False
        )
        assert bool(differences.any()) == (reduction > 1)
        assert np.abs(differences).mean() <= most


def test_in_the_background_it_is_the_same():
    photo, window = KINDS["4:2:0"], (3, 5, 150, 160, 1)
    both = [decoded(photo, window, 24, decoder=each) for each in (decode_batch, decode_batch_async)]
    np.testing.assert_array_equal(*both)
    assert (both[0] != decoded(photo, window, 24, scaled=False)).any()


def test_what_is_left_to_pillow_is_exact():
    encoded, window = encode(cut(90, 120), mode="CMYK"), (0, 0, 90, 120, 0)
    exact = decoded(encoded, window, 20, scaled=False)
    np.testing.assert_array_equal(decoded(encoded, window, 20), exact)


def test_without_the_native_decoder_it_is_refused(monkeypatch):
    monkeypatch.setattr(decoding, "native", None)
    with pytest.raises(ValueError, match=r"^scaled: "):
        decoded(KINDS["4:2:0"], (0, 0, 90, 90, 0), 20)
