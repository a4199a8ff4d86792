"""Resizing: against the numpy reference and against Pillow, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bsgrow import _native
from bsgrow.native import reference, reference_resize, scale_and_bias
from tests.drawn import num_cases
from tests.native.instruction_sets import INSTRUCTION_SETS, digest_by
from tests.native.resized import BYTES, digest, noise, resize
from tests.photographs import cut, photograph

ITEMS = {"float32": np.float32, "float16": np.float16, "bfloat16": np.uint16}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def pillow_resize(pixels, height, width):
    """Columns first, then rows, as Pillow before version 13 always does it."""
    rows = Image.fromarray(pixels).resize((width, len(pixels)), Image.Resampling.BILINEAR)
    return np.asarray(rows.resize((width, height), Image.Resampling.BILINEAR))


small = st.integers(1, 40)
sides = st.one_of(small, st.integers(1, 300))


@settings(max_examples=num_cases(200))
@given(source=st.tuples(sides, sides), output=st.tuples(small, small), seed=st.integers(0, 9))
def test_equals_the_reference_and_pillow(source, output, seed):
    pixels = noise(*source, seed)
    ours = resize(pixels, (0, 0, *source, 0), *output)
    np.testing.assert_array_equal(ours, reference_resize.resize(pixels, *output))
    np.testing.assert_array_equal(ours, pillow_resize(pixels, *output))


@settings(max_examples=num_cases(100))
@given(data=st.data(), flipped=st.booleans(), size=small)
def test_a_window_is_resized_as_if_it_were_the_image(data, flipped, size):
    pixels = noise(60, 80)
    top, left = data.draw(st.integers(0, 59)), data.draw(st.integers(0, 79))
    rows, columns = data.draw(st.integers(1, 60 - top)), data.draw(st.integers(1, 80 - left))
    window = (top, left, rows, columns, int(flipped))
    expected = reference_resize.resize_window(pixels, window, size, None)
    np.testing.assert_array_equal(resize(pixels, window, size, size), expected)


@settings(max_examples=num_cases(100))
@given(source=st.tuples(sides, sides), size=small, margin=st.integers(0, 20), flip=st.booleans())
def test_the_middle_is_that_of_the_whole_resized(source, size, margin, flip):
    pixels = noise(*source)
    window = (0, 0, *source, int(flip))
    expected = reference_resize.resize_window(pixels, window, size, size + margin)
    np.testing.assert_array_equal(resize(pixels, window, size, size, size + margin), expected)


@pytest.mark.parametrize("shape", [(375, 500), (500, 375), (224, 224), (256, 800)])
def test_evaluation_is_torchvision_s(shape):
    pixels = np.resize(photograph(0), (*shape, 3))
    short = min(shape)
    height, width = (int(256 * side / short) for side in shape)
    whole = pillow_resize(pixels, height, width)
    top, left = round((height - 224) / 2), round((width - 224) / 2)
    ours = resize(pixels, (0, 0, *shape, 0), 224, 224, 256)
    np.testing.assert_array_equal(ours, whole[top : top + 224, left : left + 224])


@pytest.mark.parametrize("shape", [(375, 500), (400, 90), (90, 400), (427, 200)])
def test_is_within_one_level_of_pillow_in_either_order(shape):
    """From version 13 on, Pillow resizes tall images the other way round."""
    pixels = cut(*shape, top=0, left=0)
    theirs = np.asarray(Image.fromarray(pixels).resize((224, 224), Image.Resampling.BILINEAR))
    ours = resize(pixels, (0, 0, *shape, 0), 224, 224)
    assert np.abs(ours.astype(int) - theirs).max() <= 1


@settings(max_examples=num_cases(60))
@given(
    height=small,
    width=small,
    dtype=st.sampled_from(list(ITEMS)),
    channels_last=st.booleans(),
)
def test_levels_are_normalised_and_cast_as_the_stream_does(height, width, dtype, channels_last):
    pixels = noise(33, 47)
    out = np.ones((3, height, width), ITEMS[dtype])
    if channels_last:
        out = np.ones((height, width, 3), ITEMS[dtype]).transpose(2, 0, 1)
    scale, bias = scale_and_bias(MEAN, STD)
    window = np.array([0, 0, 33, 47, 0], np.int32)
    _native.resize_pixels(
        pixels=pixels, window=window, resize=0, scale=scale, bias=bias, out_image=out
    )
    levels = reference_resize.resize(pixels, height, width).transpose(2, 0, 1)
    expected = reference.cast(reference.normalise(levels, MEAN, STD), dtype)
    assert out.tobytes() == expected.tobytes()


def test_an_extreme_reduction_keeps_white_white():
    pixels = np.full((1, 65_500, 3), 255, np.uint8)
    assert (resize(pixels, (0, 0, 1, 65_500, 0), 1, 1) == 255).all()


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
def test_every_instruction_set_gives_the_same(instruction_set):
    assert digest_by(instruction_set, "tests.native.resized") == digest()


def arguments(**changes):
    return (
        BYTES
        | {
            "pixels": noise(20, 30),
            "window": np.array([1, 2, 19, 28, 0], np.int32),
            "resize": 0,
            "out_image": np.zeros((3, 8, 8), np.float32),
        }
        | changes
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("pixels", noise(20, 30).astype(np.int8), "format 'b'"),
        ("pixels", noise(20, 40)[:, :30], "got strides"),
        ("pixels", np.zeros((20, 30, 4), np.uint8), "dimension 2 must be 3"),
        ("window", np.array([1, 2, 20, 28, 0], np.int32), "does not lie in the image of 20 x 30"),
        ("window", np.array([1, 2, 19, 29, 0], np.int32), "does not lie in the image"),
        ("window", np.array([-1, 2, 9, 9, 0], np.int32), "does not lie in the image"),
        ("window", np.array([0, 0, 0, 9, 0], np.int32), "does not lie in the image"),
        ("window", np.array([2**31 - 1] * 5, np.int32), "does not lie in the image"),
        ("window", np.zeros(4, np.int32), "dimension 0 must be 5"),
        ("resize", 7, "at least the output's 8, got 7"),
        ("resize", 2**21, "got 2097152"),
        ("scale", np.ones(1, np.float32), "dimension 0 must be 3"),
        ("bias", np.full(3, np.nan, np.float32), "infinite or NaN"),
        ("out_image", np.zeros((1, 8, 8), np.float32), "dimension 0 must be 3"),
        ("out_image", np.zeros((3, 0, 8), np.float32), "got a side outside 1 to"),
        ("out_image", np.zeros((3, 8, 8)), "format 'd'"),
        ("out_image", np.zeros((3, 8, 16), np.float32)[..., ::2], "got other strides"),
    ],
)
def test_a_wrong_value_is_named(name, value, message):
    with pytest.raises(ValueError, match=f"^{name}: .*{message}"):
        _native.resize_pixels(**arguments(**{name: value}))


def test_output_and_input_must_not_share_memory():
    memory = np.zeros(20 * 30 * 3 + 8, np.uint8)
    out = memory[: 3 * 8 * 8 * 4].view(np.float32).reshape(3, 8, 8)
    with pytest.raises(ValueError, match=r"^out_image: must not share memory with pixels"):
        _native.resize_pixels(**arguments(pixels=memory[8:].reshape(20, 30, 3), out_image=out))
