"""Every number that a batch may hold, which are 256 a channel, against numpy and torch."""

import numpy as np
import pytest
import torch

from bsgrow.native import load_batch, reference
from bsgrow.native.normalisation import scale_and_bias

ITEMS = {"float32": np.float32, "float16": np.float16, "bfloat16": np.uint16}
PIXELS = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)

# With mean 0 a pixel p becomes p * 257/256; that of 1 is halfway between two of bfloat16.
TIES = 256 / (255 * 257)


def loaded(dtype, mean, std, channels_last=False):
    """What every value of a pixel becomes in each channel."""
    channels = len(mean)
    images = np.repeat(PIXELS, channels, axis=1)
    out = np.ones((1, channels, 16, 16), ITEMS[dtype])
    if channels_last:
        out = np.ones((1, 16, 16, channels), ITEMS[dtype]).transpose(0, 3, 1, 2)
    load_batch(
        images,
        np.zeros(1, np.int64),
        seed=0,
        start=0,
        stop=1,
        augment=None,
        mean=mean,
        std=std,
        out_images=out,
        out_labels=np.zeros(1, np.int64),
        num_threads=1,
    )
    return np.ascontiguousarray(out)


def bits(array):
    return array.view(np.uint16)


@pytest.mark.parametrize("dtype", list(ITEMS))
@pytest.mark.parametrize("mean", [0.0, 0.5, 0.1307, 3000.0, -80000.0])
@pytest.mark.parametrize("std", [0.25, TIES, 1e-8, 70.0, 3e4, 1e37])
def test_every_pixel_value_rounds_like_numpy(dtype, mean, std):
    """Normal, subnormal, tied and overflowing results."""
    exact = reference.normalise(PIXELS, [mean], [std])
    if dtype == "bfloat16":
        expected = torch.from_numpy(exact).to(torch.bfloat16).view(torch.uint16).numpy()
    else:
        expected = reference.cast(exact, dtype)
    np.testing.assert_array_equal(bits(loaded(dtype, [mean], [std])), bits(expected))


def where_rounding_once_errs(dtype):
    """Return means and deviations for which a fused multiply-add gives other bits somewhere."""
    random = np.random.default_rng(0)
    means, stds = random.uniform(0.2, 0.8, 20_000), random.uniform(0.1, 0.4, 20_000)
    scale, bias = (values[:, None] for values in scale_and_bias(means, stds))
    pixels = PIXELS.reshape(1, 256).astype(np.float32)
    once = (pixels.astype(np.float64) * scale + bias).astype(np.float32)
    differ = reference.cast(once, dtype) != reference.cast(pixels * scale + bias, dtype)
    return [(means[i], stds[i]) for i in np.flatnonzero(differ.any(axis=1))]


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_all_channels_are_looked_at(dtype, channels_last):
    """Three of which only the last has a number that rounding once changes."""
    for mean, std in where_rounding_once_errs(dtype)[:50]:
        constants = [0.4914, 0.4822, mean], [0.2470, 0.2435, std]
        exact = reference.normalise(np.repeat(PIXELS, 3, axis=1), *constants)
        ours = loaded(dtype, *constants, channels_last)
        np.testing.assert_array_equal(bits(ours), bits(reference.cast(exact, dtype)))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_the_shortcut_is_not_taken_where_it_errs(dtype):
    """16 bits are rounded once only where that gives the same bits for all 256 numbers."""
    found = where_rounding_once_errs(dtype)
    assert len(found) > 20
    for mean, std in found[:200]:
        expected = reference.cast(reference.normalise(PIXELS, [mean], [std]), dtype)
        np.testing.assert_array_equal(bits(loaded(dtype, [mean], [std])), bits(expected))
