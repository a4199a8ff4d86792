"""Decoding a window: the same pixels as decoding the whole, for every kind of JPEG."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.images.jpeg.baseline import to_baseline
from bsgrow.images.reading import shown_size
from bsgrow.native import reference, reference_resize
from bsgrow.native.decoding import decode_batch, decode_batch_async
from bsgrow.native.resized_crop import crop_windows
from tests.drawn import num_cases
from tests.native.jpeg_outcome import outcome
from tests.photographs import cut, decode, encode, jpeg_kinds

pytest.importorskip("bsgrow._native_jpeg")

ITEMS = {"float32": np.float32, "float16": np.float16, "bfloat16": np.uint16}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def levels(encoded, window):
    """The pixels of a window, bytes [height, width, 3]."""
    found = outcome(encoded, window, by_libjpeg=False)
    assert found.result == "decoded", found.reason
    return found.pixels


KINDS = jpeg_kinds()


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_image_is_what_pillow_decodes(kind):
    expected = decode(KINDS[kind])
    np.testing.assert_array_equal(levels(KINDS[kind], (0, 0, *expected.shape[:2])), expected)


@st.composite
def windows(draw, height, width):
    top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    return top, left, draw(st.integers(1, height - top)), draw(st.integers(1, width - left))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=num_cases(60))
@given(data=st.data())
def test_a_window_is_a_part_of_the_whole(kind, data):
    whole = decode(KINDS[kind])
    top, left, height, width = window = data.draw(windows(*whole.shape[:2]))
    expected = whole[top : top + height, left : left + width]
    np.testing.assert_array_equal(levels(KINDS[kind], window), expected)


def with_orientation(encoded, orientation):
    with Image.open(io.BytesIO(encoded)) as image:
        exif = image.getexif()
        exif[0x0112] = orientation
        exif[0x010F] = "a camera"
        file = io.BytesIO()
        progressive = "progressive" in image.info
        image.save(file, "JPEG", exif=exif, quality="keep", progressive=progressive)
    return file.getvalue()


@pytest.mark.parametrize("orientation", range(10))
@settings(max_examples=num_cases(15))
@given(data=st.data())
def test_images_are_turned_as_pillow_turns_them(orientation, data):
    turned = with_orientation(KINDS["4:2:0"], orientation)
    whole = decode(turned)
    assert shown_size(turned) == whole.shape[:2]
    assert (whole.shape[0] > whole.shape[1]) == (orientation in {5, 6, 7, 8})
    top, left, height, width = window = data.draw(windows(*whole.shape[:2]))
    expected = whole[top : top + height, left : left + width]
    np.testing.assert_array_equal(levels(turned, window), expected)


def expected_batch(encoded, drawn, crop, dtype):
    images = [
        reference_resize.resize_window(decode(image), window, crop.size, crop.resize)
        for image, window in zip(encoded, drawn, strict=True)
    ]
    normalised = reference.normalise(np.stack(images).transpose(0, 3, 1, 2), MEAN, STD)
    return reference.cast(normalised, dtype)


@pytest.mark.parametrize("decoder", [decode_batch, decode_batch_async])
@pytest.mark.parametrize("crop", [ResizedCrop(72), CentreCrop(48, 61)])
@pytest.mark.parametrize("dtype", list(ITEMS))
@pytest.mark.parametrize("channels_last", [False, True])
def test_a_batch_equals_the_reference(decoder, crop, dtype, channels_last):
    encoded = [*KINDS.values(), with_orientation(KINDS["4:2:2"], 6)]
    sizes = np.array([shown_size(image) for image in encoded])
    count = len(encoded)
    drawn = crop_windows(sizes, np.arange(count), np.full(count, 4), 11, crop, flip=True)
    shape = (count, 3, crop.size, crop.size)
    out = np.zeros(shape, ITEMS[dtype])
    if channels_last:
        out = np.zeros((count, *shape[2:], 3), ITEMS[dtype]).transpose(0, 3, 1, 2)
    result = decoder(
        [memoryview(image) for image in encoded],
        windows=drawn,
        size=crop.size,
        resize=crop.resize,
        mean=MEAN,
        std=STD,
        out_images=out,
        num_threads=2,
    )
    statuses = result if isinstance(result, list) else result.statuses
    assert statuses == [None] * count
    expected = expected_batch(encoded, drawn, crop, dtype)
    assert out.tobytes() == expected.tobytes()


def test_large_batches_are_the_same_written_past_the_caches():
    encoded = [KINDS["4:2:0"], KINDS["progressive"]] * 16
    drawn = crop_windows(
        np.full((32, 2), (203, 317)), np.arange(32), np.zeros(32, int), 1, ResizedCrop(224), True
    )
    arguments = {"size": 224, "mean": MEAN, "std": STD, "num_threads": 2}
    whole = np.zeros((32, 3, 224, 224), np.float32)
    decode_batch(encoded, windows=drawn, out_images=whole, **arguments)
    parts = np.zeros_like(whole)
    for i in range(0, 32, 4):
        part = slice(i, i + 4)
        decode_batch(encoded[part], windows=drawn[part], out_images=parts[part], **arguments)
    np.testing.assert_array_equal(whole, parts)


@pytest.mark.parametrize("kind", ["progressive", "progressive 4:4:4"])
def test_a_progressive_image_becomes_baseline_without_loss(kind):
    with_markers = with_orientation(KINDS[kind], 6)
    baseline = to_baseline(with_markers)
    assert b"\xff\xc2" in with_markers
    with Image.open(io.BytesIO(baseline)) as image:
        assert "progressive" not in image.info
        assert image.getexif()[0x010F] == "a camera"
    np.testing.assert_array_equal(decode(baseline), decode(with_markers))
    assert baseline.count(b"JFIF\0") == with_markers.count(b"JFIF\0") == 1


@pytest.mark.parametrize("kind", ["4:2:0", "grey", "restarts"])
def test_a_baseline_image_stays_as_it_is(kind):
    assert to_baseline(memoryview(KINDS[kind])) == KINDS[kind]


def test_a_progressive_cmyk_image_becomes_baseline():
    progressive = encode(cut(40, 60), mode="CMYK", progressive=True)
    np.testing.assert_array_equal(decode(to_baseline(progressive)), decode(progressive))
