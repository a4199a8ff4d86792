"""Rows shorter than a vector, which are read together with what follows them."""

import ctypes
import mmap

import numpy as np
import pytest

from bsgrow.native import Augment, load_batch, reference

NUM_SAMPLES = 20

pytestmark = pytest.mark.skipif(not hasattr(mmap, "MAP_ANONYMOUS"), reason="mprotect is POSIX's")


def before_forbidden_memory(array):
    """Copy an array to where the next byte after it cannot be read."""
    size = -(-array.nbytes // mmap.PAGESIZE) * mmap.PAGESIZE
    memory = mmap.mmap(-1, size + mmap.PAGESIZE)
    forbidden = ctypes.addressof(ctypes.c_char.from_buffer(memory)) + size
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(forbidden), mmap.PAGESIZE, 0) == 0
    placed = np.frombuffer(memory, np.uint8, array.nbytes, size - array.nbytes)
    placed[:] = array.ravel()
    return placed.reshape(array.shape)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 3, 2), (3, 1, 1), (3, 2, 2), (1, 2, 15), (1, 1, 16), (3, 5, 5)]
)
def test_nothing_is_read_behind_the_last_image(shape, channels_last):
    # Where an image is smaller than a vector, several of the last ones are read past the end.
    pixels = np.random.default_rng(0).integers(0, 256, (NUM_SAMPLES, *shape), np.uint8)
    case = {
        "images": before_forbidden_memory(pixels),
        "labels": np.arange(NUM_SAMPLES),
        "seed": 7,
        "start": 0,
        "stop": 2 * NUM_SAMPLES,
        "augment": Augment(flip=True),
        "mean": [0.5] * shape[0],
        "std": [0.25] * shape[0],
    }
    expected, labels = reference.load_batch(**case, shuffle=True, dtype="float32")
    out_images = np.full_like(expected, 9)
    if channels_last:
        out_images = np.ascontiguousarray(out_images.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    out_labels = np.full_like(labels, -9)
    load_batch(**case, out_images=out_images, out_labels=out_labels, num_threads=2)
    np.testing.assert_array_equal(out_images, expected)
    np.testing.assert_array_equal(out_labels, labels)
