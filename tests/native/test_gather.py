"""Samples copied in the order of the stream, as they are, and what is refused."""

import numpy as np
import pytest

from bsgrow.native import gather_async
from bsgrow.stream import SampleStream

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 3, 8, 16), dtype=np.uint8)
LABELS = np.random.default_rng(1).integers(0, 10, 50)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(("start", "stop"), [(0, 0), (0, 50), (45, 190), (2**33 + 1, 2**33 + 99)])
def test_gather_equals_the_reference(shuffle, start, stop):
    out_images = np.zeros((stop - start, 3, 8, 16), np.uint8)
    out_labels = np.zeros(stop - start, np.int64)
    gather_async(
        IMAGES,
        LABELS,
        seed=9,
        start=start,
        stop=stop,
        out_images=out_images,
        out_labels=out_labels,
        shuffle=shuffle,
        num_threads=2,
    ).wait()
    samples = SampleStream(50, 9, shuffle)[start:stop].samples
    np.testing.assert_array_equal(out_images, IMAGES[samples])
    np.testing.assert_array_equal(out_labels, LABELS[samples])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("out_images", np.zeros((4, 3, 8, 15), np.uint8), "dimension 3 must be 16"),
        ("out_images", np.zeros((5, 3, 8, 16), np.uint8), "dimension 0 must be 4"),
        ("out_images", np.zeros((4, 3, 8, 16), np.float32), "format 'f'"),
        ("out_images", np.zeros((4, 3, 8, 32), np.uint8)[..., ::2], "got strides"),
        ("out_labels", np.zeros(3, np.int64), "dimension 0 must be 4"),
        ("labels", np.zeros(3, np.int64), "dimension 0 must be 50"),
        ("num_threads", 0, "got 0"),
    ],
)
def test_what_gather_is_given_is_checked(name, value, message):
    arguments = {
        "images": IMAGES,
        "labels": LABELS,
        "seed": 0,
        "start": 0,
        "stop": 4,
        "out_images": np.zeros((4, 3, 8, 16), np.uint8),
        "out_labels": np.zeros(4, np.int64),
        "num_threads": 1,
    }
    with pytest.raises(ValueError, match=f"^{name}: .*{message}"):
        gather_async(**arguments | {name: value})
