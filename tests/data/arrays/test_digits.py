from pathlib import Path

import numpy as np
import pytest

from bsgrow.data import DATASETS, load_dataset
from bsgrow.data.arrays.digits import scale_to_bytes
from bsgrow.errors import InputError


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits")


def test_shapes_and_types(digits):
    assert digits.train.images.shape == (1437, 1, 8, 8)
    assert digits.test.images.shape == (360, 1, 8, 8)
    assert digits.train.images.dtype == np.uint8
    assert digits.train.labels.dtype == np.int64
    assert digits.train.images.flags.c_contiguous
    assert not digits.train.images.flags.writeable


def test_every_fifth_image_is_held_out(digits):
    from sklearn.datasets import load_digits

    target = load_digits().target
    np.testing.assert_array_equal(digits.test.labels, target[::5])
    np.testing.assert_array_equal(digits.train.labels, np.delete(target, np.s_[::5]))


def test_pixels_go_back_to_what_they_were(digits):
    from sklearn.datasets import load_digits

    back = np.rint(digits.test.images[:, 0] * (16 / 255))
    np.testing.assert_array_equal(back, load_digits().images[::5])


def test_scaling_is_rounding_and_keeps_values_apart():
    scaled = scale_to_bytes(np.arange(17))
    exact = np.arange(17) * 255 / 16
    assert (scaled[0], scaled[8], scaled[16]) == (0, 128, 255)
    assert np.abs(scaled - exact).max() <= 0.5
    assert len(set(scaled.tolist())) == 17


def test_the_registered_statistics_are_those_of_the_training_split(digits):
    pixels = digits.train.images / 255
    assert DATASETS["digits"].mean == pytest.approx((pixels.mean(),), abs=5e-5)
    assert DATASETS["digits"].std == pytest.approx((pixels.std(),), abs=5e-5)


def test_the_fingerprint_is_known(digits):
    # Pinned: the published figures were measured on exactly these bytes.
    assert digits.fingerprint == (
        "sha256:57075502efd8214a1c77ad95ffe4ba481986ac3fb96161726652d08dfc610f66"
    )


def test_a_path_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"data\.path = .* takes no path"):
        load_dataset("digits", Path(tmp_path))
