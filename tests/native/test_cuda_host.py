"""The CUDA kernel's source, run on the host, against the plain-Python reference: bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.native import Augment, reference
from bsgrow.stream import SampleStream
from tests.drawn import num_cases
from tests.native.host_cases import (
    CIFAR,
    ITEMS,
    KINDS,
    bits,
    make_images,
    make_out,
    run,
)


@st.composite
def cases(draw, layout):
    """Arguments of the reference, then the dtype, layout and place of the output."""
    (height, width), channels, dtype, channels_last = draw(KINDS[layout])
    anywhere = layout in ("any", "long rows")
    pad = draw(st.integers(0, min(height, width, 12) - 1))
    num_samples = draw(st.integers(1, 12))
    last = min(num_samples * 2**32, 2**64 - 1)
    start = draw(st.one_of(st.integers(0, 50), st.integers(0, last)))
    most = 3 if layout == "long rows" else 25
    numbers = st.lists(st.floats(-2.0, 2.0, width=32), min_size=channels, max_size=channels)
    shape, offset = (num_samples, channels, height, width), draw(st.sampled_from([0, 0, 1, 4, 15]))
    least_std = draw(st.sampled_from([1e-7, 0.01, 0.3]))
    case = {
        "images": make_images(shape, draw(st.integers(0, 99)), offset),
        "labels": np.arange(num_samples, dtype=np.int64) - 3,
        "seed": draw(st.integers(0, 2**64 - 1)),
        "start": start,
        "stop": min(start + draw(st.integers(0, most)), last),
        "augment": draw(
            st.none()
            | st.builds(
                Augment,
                pad=st.just(pad),
                padding=st.sampled_from(["zero", "reflect"]),
                flip=st.booleans(),
                cutout=st.integers(0, min(height, width)),
            )
        ),
        "mean": draw(numbers),
        "std": [abs(value) + least_std for value in draw(numbers)],
        "shuffle": draw(st.booleans()),
    }
    return case, dtype, channels_last, draw(st.sampled_from([0, 0, 1, 3])) if anywhere else 0


@pytest.mark.parametrize(
    ("layout", "examples"),
    [("planar", 150), ("interleaved", 100), ("fours", 100), ("any", 200), ("long rows", 30)],
)
def test_equals_the_reference(host_kernel, layout, examples):
    @settings(max_examples=num_cases(examples))
    @given(
        case=cases(layout),
        items_per_warp=st.integers(0, 8),
        few_items=st.sampled_from([0, 20, None]),
        backwards=st.booleans(),
    )
    def check(case, **options):
        arguments, dtype, channels_last, offset = case
        expected_images, expected_labels = reference.load_batch(**arguments, dtype=dtype)
        images, labels = run(host_kernel, arguments, dtype, channels_last, offset, **options)
        np.testing.assert_array_equal(bits(images), bits(expected_images))
        np.testing.assert_array_equal(labels, expected_labels)
        if layout in ("planar", "interleaved", "fours"):
            assert host_kernel.launches[-1][0] == layout

    check()


@pytest.mark.parametrize(
    ("shape", "dtype", "channels_last", "expected"),
    [
        ((3, 32, 32), "bfloat16", True, ("interleaved", 1, True)),
        ((3, 32, 32), "float32", True, ("interleaved", 1, True)),
        ((3, 32, 32), "float16", False, ("planar", 1, True)),
        ((3, 64, 64), "bfloat16", True, ("interleaved", 4, True)),
        ((3, 224, 224), "bfloat16", True, ("interleaved", 38, True)),
        ((1, 28, 28), "float32", True, ("planar", 1, True)),
        ((1, 28, 28), "bfloat16", False, ("fours", 1, True)),
        ((1, 28, 28), "float16", True, ("fours", 1, True)),
        ((3, 28, 28), "bfloat16", False, ("fours", 1, True)),
        ((3, 28, 28), "bfloat16", True, ("any", 1, True)),
        ((1, 30, 30), "bfloat16", False, ("any", 1, True)),
        ((4, 32, 32), "bfloat16", True, ("any", 2, True)),
        ((4, 32, 32), "bfloat16", False, ("planar", 2, True)),
        ((3, 2, 3200), "bfloat16", True, ("any", 2, False)),
        ((256, 8, 1), "bfloat16", True, ("any", 8, True)),
        ((1, 7, 1), "bfloat16", False, ("any", 7, True)),
    ],
)
def test_how_images_are_cut(host_kernel, shape, dtype, channels_last, expected):
    case = {
        "images": make_images((5, *shape)),
        "labels": np.arange(5),
        "seed": 3,
        "start": 8,
        "stop": 14,
        "augment": Augment(flip=True, cutout=1),
        "mean": [0.5] * shape[0],
        "std": [0.25] * shape[0],
    }
    images, labels = run(host_kernel, case, dtype, channels_last)
    assert host_kernel.launches[-1] == expected
    expected_images, expected_labels = reference.load_batch(**case, dtype=dtype)
    np.testing.assert_array_equal(bits(images), bits(expected_images))
    np.testing.assert_array_equal(labels, expected_labels)


@pytest.mark.parametrize(
    ("shape", "num", "bands"),
    [
        ((3, 32, 32), 1, 4),
        ((3, 32, 32), 2111, 4),
        ((3, 32, 32), 2112, 1),
        ((3, 64, 64), 527, 16),
        ((3, 64, 64), 528, 4),
        ((1, 28, 28), 128, 4),
        ((3, 5, 400), 8, 5),
        ((3, 7, 4), 8, 1),
    ],
)
def test_few_images_are_cut_into_more_bands(host_kernel, shape, num, bands):
    case = {
        "images": make_images((5, *shape)),
        "labels": np.arange(5),
        "seed": 3,
        "start": 7,
        "stop": 7 + num,
        "augment": Augment(pad=2, flip=True, cutout=3),
        "mean": [0.5] * shape[0],
        "std": [0.25] * shape[0],
    }
    images, labels = run(host_kernel, case, "bfloat16", channels_last=True, few_items=None)
    assert host_kernel.launches[-1][1] == bands
    whole_images, whole_labels = run(host_kernel, case, "bfloat16", channels_last=True)
    np.testing.assert_array_equal(bits(images), bits(whole_images))
    np.testing.assert_array_equal(labels, whole_labels)


ROUNDING = {
    "images": np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16),
    "labels": np.zeros(1, np.int64),
    "seed": 0,
    "start": 0,
    "stop": 1,
    "augment": None,
}


@pytest.mark.parametrize("dtype", list(ITEMS))
@settings(max_examples=num_cases(150))
@given(
    mean=st.floats(-1e5, 1e5) | st.floats(-2, 2) | st.just(0.0),
    std=st.floats(1e-4, 1e4) | st.floats(1e-36, 1e36),
)
def test_every_pixel_value_rounds_twice(host_kernel, dtype, mean, std):
    """One multiplication and one addition, although the kernel's first is a fused one."""
    case = ROUNDING | {"mean": [mean], "std": [std]}
    if abs(mean / std) > 3e38:
        return
    images, _ = run(host_kernel, case, dtype)
    expected = reference.cast(reference.normalise(ROUNDING["images"], [mean], [std]), dtype)
    assert host_kernel.launches[-1][0] == ("planar" if 1 / (255 * std) < 2**104 else "any")
    np.testing.assert_array_equal(bits(images), bits(expected))


@pytest.mark.parametrize("scale", [0.0, -0.0, -0.25, 2.0**104, -(2.0**126)])
@pytest.mark.parametrize("bias", [0.0, -0.0, 1.5])
def test_scales_that_vectors_cannot_take(host_kernel, scale, bias):
    out = make_out((1, 1, 16, 16), "float32")
    scales, biases = np.float32([scale]), np.float32([bias])
    host_kernel(
        **ROUNDING,
        scale=scales,
        bias=biases,
        out_images=out,
        out_labels=np.zeros(1, np.int64),
        dtype="float32",
    )
    with np.errstate(over="ignore"):
        expected = ROUNDING["images"].astype(np.float32) * scales + biases
    np.testing.assert_array_equal(bits(out), bits(expected))
    assert host_kernel.launches[-1][0] == "any"


def stream(num_samples, start, stop, **changes):
    return {
        "images": make_images((num_samples, 3, 16, 16)),
        "labels": np.arange(num_samples) * 7,
        "seed": 2**40 + 1,
        "start": start,
        "stop": stop,
        "augment": Augment(pad=3, flip=True, cutout=5),
        **CIFAR,
    } | changes


@pytest.mark.parametrize("start", [0, 11, 2**32 - 5, 2**35 + 3])
def test_a_cursor_is_added_to_the_positions(host_kernel, start):
    expected_images, expected_labels = run(host_kernel, stream(13, start, start + 40), "bfloat16")
    for offset in (0, 6):
        cursor = np.array([start - offset if start > offset else start], np.uint64)
        first = start - int(cursor[0])
        images, labels = run(host_kernel, stream(13, first, first + 40), "bfloat16", cursor=cursor)
        np.testing.assert_array_equal(images, expected_images)
        np.testing.assert_array_equal(labels, expected_labels)


@pytest.mark.parametrize(("start", "stop"), [(0, 13), (9, 50), (2**33, 2**33 + 20)])
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("channels_last", [True, False])
def test_gathered_samples_are_augmented_as_themselves(
    host_kernel, start, stop, shuffle, channels_last
):
    """Images and labels in the order of the stream give what the whole set gives."""
    case = stream(13, start, stop, shuffle=shuffle)
    expected_images, expected_labels = run(host_kernel, case, "float16", channels_last)
    samples = SampleStream(13, case["seed"], shuffle)[start:stop].samples
    gathered = case | {"images": case["images"][samples], "labels": case["labels"][samples]}
    images, labels = run(host_kernel, gathered, "float16", channels_last, num_samples=13)
    np.testing.assert_array_equal(images, expected_images)
    np.testing.assert_array_equal(labels, expected_labels)


def test_many_samples_in_one_launch(host_kernel):
    """As many as make a warp take several: over 8 192 bands a warp takes more than one."""
    case = stream(50, 37, 37 + 17_000)
    images, labels = run(host_kernel, case, "bfloat16", channels_last=True)
    for start in (37, 9_000, 17_000):
        part = slice(start - 37, start - 37 + 37)
        expected = reference.load_batch(
            **case | {"start": start, "stop": start + 37}, dtype="bfloat16"
        )
        np.testing.assert_array_equal(images[part], expected[0])
        np.testing.assert_array_equal(labels[part], expected[1])
