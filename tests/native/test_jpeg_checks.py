"""Every check of the decoder at the binding, and tasks in the background."""

import re

import numpy as np
import pytest

from bsgrow.native.decoding import decode_batch, decode_batch_async
from tests.photographs import cut, encode

_native_jpeg = pytest.importorskip("bsgrow._native_jpeg")

WHOLE = encode(cut(90, 120))
IDENTITY = {"mean": [0.0] * 3, "std": [1 / 255] * 3}


def arguments(**changes):
    return {
        "encoded": [WHOLE, WHOLE],
        "windows": np.tile(np.array([0, 0, 90, 120, 0], np.int32), (2, 1)),
        "resize": 0,
        "scale": np.ones(3, np.float32),
        "bias": np.ones(3, np.float32),
        "out_images": np.full((2, 3, 6, 8), 9, np.float32),
        "max_pixels": 10**8,
        "scaled": False,
        "by_libjpeg": False,
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
