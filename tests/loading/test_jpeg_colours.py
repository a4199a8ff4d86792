"""The colours of a JPEG, whatever its markers say of them: alike for every decoder."""

import functools
import itertools

import numpy as np
import pytest
from PIL import Image

from bsgrow.images.dali_formats import dali_decodes
from bsgrow.images.jpeg.baseline import to_baseline
from bsgrow.native.decoding import is_built
from tests.jpeg_variants import four_components, segments, with_colours
from tests.loading.encoded_stream import needs_dali
from tests.loading.test_odd_jpegs import dali, native
from tests.photographs import cut, decode, encode

pytestmark = pytest.mark.skipif(not is_built(), reason="the module for JPEGs was not built")

PIXELS = cut(40, 56)
TRANSFORMS = (None, 0, 1, 2, 7)
IDS = (None, b"RGB", b"\0\1\2", b"\5\6\7")
TABLES = (0xC0, 0xC1, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD)


@functools.cache
def stored(num_components, progressive):
    if num_components == 1:
        return encode(PIXELS, "L", progressive=progressive)
    if num_components == 3:
        return encode(PIXELS, progressive=progressive, quality=95)
    return four_components(PIXELS, progressive=progressive, quality=95)


def variants():
    for progressive in (False, True):
        for jfif, transform in itertools.product((False, True), TRANSFORMS):
            yield 1, progressive, jfif, transform, None
            yield 4, progressive, jfif, transform, None
            for ids in IDS:
                yield 3, progressive, jfif, transform, ids


VARIANTS = list(variants())


def made(variant):
    num_components, progressive, jfif, transform, ids = variant
    encoded = stored(num_components, progressive)
    return with_colours(encoded, jfif=jfif, transform=transform, ids=ids)


def markers(encoded):
    return [part for marker, part in segments(encoded)[0] if marker not in TABLES]


@needs_dali
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_all_decoders_agree_before_and_after_it_is_made_baseline(variant):
    content = made(variant)
    baseline = to_baseline(content)
    assert b"\xff\xc2" not in baseline
    assert markers(baseline) == markers(content)
    shown = native(content)
    np.testing.assert_array_equal(native(baseline), shown)
    np.testing.assert_array_equal(decode(baseline), decode(content))  # by Pillow
    for each in (content, baseline):
        assert np.abs(dali(each) - shown)[:, 1:-1, 1:-1].max() < 1.01


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_the_native_decoder_shows_what_pillow_shows(variant):
    content = made(variant)
    resized = Image.fromarray(decode(content)).resize((16, 16), Image.Resampling.BILINEAR)
    assert np.abs(native(content) - np.asarray(resized).transpose(2, 0, 1)).max() <= 1


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("transform", [None, 0])
def test_ink_is_what_was_stored(transform, progressive):
    """With an Adobe marker or without, 255 is no ink, as Pillow writes it."""
    ink = np.dstack([255 - PIXELS, np.full(PIXELS.shape[:2], 40, np.uint8)])
    expected = np.asarray(Image.fromarray(ink, "CMYK").convert("RGB"), int)
    content = made((4, progressive, False, transform, None))
    assert np.abs(decode(content) - expected).mean() < 6


@pytest.mark.parametrize("transform", [None, 0, 1])
def test_three_components_are_what_their_markers_say(transform):
    """RGB by an Adobe marker, or by their names; YCbCr by JFIF, whatever else is said."""
    ycbcr = decode(stored(3, False))
    raw = np.asarray(Image.fromarray(ycbcr).convert("YCbCr"), int)
    named = made((3, False, False, transform, b"RGB"))
    is_rgb = transform in (None, 0)
    assert np.abs(decode(named) - (raw if is_rgb else ycbcr)).max() < 9
    with_jfif = made((3, False, True, transform, b"RGB"))
    np.testing.assert_array_equal(decode(with_jfif), ycbcr)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_dali_is_given_what_plainly_says_its_colours(variant):
    num_components, _, jfif, transform, ids = variant
    plain = num_components == 1 or (
        num_components == 3 and transform in (None, 1) and (jfif or transform == 1 or ids is None)
    )
    assert dali_decodes(memoryview(made(variant))) == plain
