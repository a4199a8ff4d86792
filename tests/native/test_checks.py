"""Every check at the binding: the error names the argument, and nothing is written."""

import re

import numpy as np
import pytest

from bsgrow import _native
from bsgrow.errors import InputError
from bsgrow.native import Augment, load_batch, scale_and_bias

IMAGES = np.arange(5 * 3 * 6 * 8, dtype=np.uint8).reshape(5, 3, 6, 8)
LABELS = np.arange(5)
SHIFTED = np.zeros(4 * 3 * 6 * 8 * 4 + 1, np.uint8)[1:].view(np.float32).reshape(4, 3, 6, 8)


def arguments(**changes):
    return {
        "images": IMAGES,
        "labels": LABELS,
        "seed": 0,
        "start": 0,
        "stop": 4,
        "pad": 2,
        "padding": "zero",
        "flip": True,
        "cutout": 3,
        "scale": np.ones(3, np.float32),
        "bias": np.ones(3, np.float32),
        "out_images": np.full((4, 3, 6, 8), 9, np.float32),
        "out_labels": np.full(4, 9),
        "shuffle": True,
        "num_threads": 2,
    } | changes


def read_only(array):
    array.flags.writeable = False
    return array


LONG = np.empty(2**30 + 2, np.uint8)  # never touched: it takes no memory
SHARED = np.zeros(4 * 3 * 6 * 8 * 4, np.uint8)

WRONG_VALUES = [
    ("images", IMAGES.astype(np.int8), "expected uint8 .* format 'b'"),
    ("images", IMAGES[0], "expected uint8 .* shape \\(3, 6, 8\\)"),
    ("images", IMAGES[:, :, :, ::2], "C-contiguous, got strides"),
    ("images", IMAGES.transpose(0, 1, 3, 2), "C-contiguous, got strides"),
    ("images", IMAGES[:0], "got an empty array"),
    ("images", LONG.reshape(1, 2, 1, 2**29 + 1), "a row of more than 2\\*\\*30 values"),
    ("images", LONG.reshape(1, 1, 2**30 + 2, 1), "a side of more than 2\\*\\*30 pixels"),
    ("labels", LABELS.astype(np.int32), "expected int64 .* format 'i'"),
    ("labels", LABELS.astype(np.uint64), "expected int64 .* format 'L'"),
    ("labels", LABELS[:4], "dimension 0 must be 5 \\(as in images\\)"),
    ("labels", np.arange(10)[::2], "got strides"),
    ("labels", np.arange(5).astype(">i8"), "format '>q'"),
    ("seed", -1, "got -1"),
    ("seed", 2**64, "got 18446744073709551616"),
    ("start", -1, "got -1"),
    ("stop", 2**64, "got 18446744073709551616"),
    ("pad", -1, "expected an integer from 0 to 5, got -1"),
    ("pad", 6, "expected an integer from 0 to 5, got 6"),
    ("cutout", -1, "expected an integer from 0 to 6, got -1"),
    ("cutout", 7, "expected an integer from 0 to 6, got 7"),
    ("padding", "edge", "expected 'zero' or 'reflect', got 'edge'"),
    ("scale", np.ones(3), "expected float32 .* format 'd'"),
    ("scale", np.ones(2, np.float32), "dimension 0 must be 3 \\(channels of images\\)"),
    ("scale", np.array([1, 1, np.inf], np.float32), "infinite or NaN"),
    ("bias", np.array([1, 1, np.nan], np.float32), "infinite or NaN"),
    ("bias", np.ones(6, np.float32)[::2], "got strides"),
    ("out_images", np.zeros((4, 3, 6, 8)), "format 'd'"),
    ("out_images", np.zeros((3, 3, 6, 8), np.float32), "dimension 0 must be 4"),
    ("out_images", np.zeros((4, 1, 6, 8), np.float32), "dimension 1 must be 3"),
    ("out_images", np.zeros((4, 3, 8, 6), np.float32), "dimension 2 must be 6"),
    ("out_images", np.zeros((4, 3, 6, 16), np.float32)[..., ::2], "got other strides"),
    ("out_images", np.zeros((4, 3, 6, 8), np.float32)[::-1], "got other strides"),
    ("out_images", np.zeros((4, 3, 8, 6), np.float32).transpose(0, 1, 3, 2), "other strides"),
    ("out_images", read_only(np.zeros((4, 3, 6, 8), np.float32)), "(not writ|read-only)"),
    ("out_images", SHIFTED, "not aligned"),
    ("out_labels", np.zeros(5, np.int64), "dimension 0 must be 4 \\(stop - start\\)"),
    ("out_labels", np.zeros(8, np.int64)[::2], "got strides"),
    ("out_labels", read_only(np.zeros(4, np.int64)), "(not writ|read-only)"),
    ("out_labels", LABELS[1:], "must not share memory with labels"),
    ("num_threads", 0, "expected an integer from 1 to 1024, got 0"),
    ("num_threads", 1025, "got 1025"),
]


@pytest.mark.parametrize(("name", "value", "message"), WRONG_VALUES)
def test_a_wrong_value_is_named(name, value, message):
    call = arguments(**{name: value})
    with pytest.raises(ValueError, match=f"^{name}: .*{message}"):
        _native.load_batch(**call)
    if name != "out_images":
        assert (call["out_images"] == 9).all()


@pytest.mark.parametrize("name", ["images", "labels", "scale", "out_images", "out_labels"])
def test_what_is_no_array_is_named(name):
    with pytest.raises(TypeError, match=f"^{name}: expected an array, got list"):
        _native.load_batch(**arguments(**{name: [1, 2]}))


@pytest.mark.parametrize("name", ["seed", "start", "stop", "pad", "cutout", "num_threads"])
def test_what_is_no_integer_is_named(name):
    with pytest.raises(TypeError, match=re.escape(f"{name}: expected an integer, got 2.5")):
        _native.load_batch(**arguments(**{name: 2.5}))


@pytest.mark.parametrize("value", [None, 1, 2, "yes", 0.0, [True]])
@pytest.mark.parametrize("name", ["flip", "shuffle"])
def test_what_is_no_flag_is_named(name, value):
    message = f"{name}: expected True or False, got {value!r}"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        _native.load_batch(**arguments(**{name: value}))


@pytest.mark.parametrize("value", [None, 3, b"zero"])
def test_what_is_no_padding_is_named(value):
    message = f"padding: expected 'zero' or 'reflect', got {value!r}"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        _native.load_batch(**arguments(padding=value))


@pytest.mark.parametrize("flag", [np.True_, np.False_])
def test_the_flags_of_numpy_are_flags(flag):
    _native.load_batch(**arguments(flip=flag, shuffle=flag))


def test_stop_before_start_is_named():
    with pytest.raises(ValueError, match=r"^stop: expected an integer from 5 .* got 4"):
        _native.load_batch(**arguments(start=5))


def test_a_position_past_the_last_epoch_is_named():
    last = 5 * 2**32
    _native.load_batch(**arguments(start=last - 4, stop=last))
    with pytest.raises(ValueError, match=r"^stop: position 21474836480 lies beyond epoch"):
        _native.load_batch(**arguments(start=last - 3, stop=last + 1))


def test_outputs_must_not_share_memory():
    out = SHARED.view(np.float32).reshape(4, 3, 6, 8)
    labels = SHARED[:32].view(np.int64)
    with pytest.raises(ValueError, match=r"^out_images: must not share memory with out_labels"):
        _native.load_batch(**arguments(out_images=out, out_labels=labels))


@pytest.mark.parametrize("name", ["labels", "start", "num_threads"])
def test_a_missing_argument_is_an_error(name):
    call = arguments()
    del call[name]
    with pytest.raises(TypeError):
        _native.load_batch(**call)


def test_fill_is_checked():
    with pytest.raises(ValueError, match=r"^out: expected uint8"):
        _native.fill(out=np.zeros(3), chunk_bytes=1, num_threads=1)
    with pytest.raises(ValueError, match=r"^chunk_bytes: "):
        _native.fill(out=np.zeros(3, np.uint8), chunk_bytes=0, num_threads=1)


@pytest.mark.parametrize("num_bytes", [0, 1, 1001, 9_000_001])
@pytest.mark.parametrize("chunk_bytes", [10, 12_289])
def test_fill_writes_every_byte_and_no_other(num_bytes, chunk_bytes):
    buffer = np.ones(num_bytes + 2, np.uint8)
    _native.fill(out=buffer[1:-1], chunk_bytes=chunk_bytes, num_threads=3)
    assert np.all(buffer[1:-1] == 0x3F)
    assert buffer[0] == buffer[-1] == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"pad": -1}, "pad = -1"),
        ({"pad": 1.5}, r"pad = 1\.5"),
        ({"pad": True}, "pad = True"),
        ({"padding": "edge"}, "padding = 'edge'"),
        ({"flip": 1}, "flip = 1"),
        ({"cutout": -1}, "cutout = -1"),
        ({"cutout": False}, "cutout = False"),
    ],
)
def test_augment_names_the_field(fields, message):
    with pytest.raises(InputError, match=message) as caught:
        Augment(**fields)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        ([0.5], [0.5, 0.5], "mean has 1 channels and std has 2"),
        ([0.5], [0.0], r"std = 0\.0"),
        ([0.5], [-1.0], r"std = -1\.0"),
        ([0.5], [float("nan")], "std = nan"),
        ([float("inf")], [1.0], "mean = inf"),
        ([float("nan")], [1.0], "mean = nan"),
        ([0.5], [1e-300], "std = 1e-300"),
        ([0.5], [5e-324], "std = 5e-324"),
    ],
)
def test_scale_and_bias_name_the_channel(mean, std, message):
    with pytest.raises(InputError, match=message):
        scale_and_bias(mean, std)


def test_a_channel_too_many_is_named():
    call = arguments()
    for name in ("pad", "padding", "flip", "cutout", "scale", "bias"):
        del call[name]
    with pytest.raises(ValueError, match=r"^scale: "):
        load_batch(**call, augment=None, mean=[0.5], std=[0.5])
