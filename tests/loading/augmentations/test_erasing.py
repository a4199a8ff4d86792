"""Random erasing: which rectangles are blanked, and that what is outside stays."""

import math
from functools import partial

import numpy as np
import pytest
import torch

from bsgrow.loading.augmentations.erasing import AREA, RATIO, draw_windows
from bsgrow.loading.loader import micro_batches_of
from bsgrow.native import Augment
from bsgrow.stream import SampleStream
from bsgrow.stream.sample_uniforms import sample_uniforms
from tests.loading.augmentations.test_mixing import PLAN, SEED, SIDE, N, loader

NUM, HEIGHT, WIDTH = 20_000, 400, 200


@pytest.fixture(scope="module")
def sizes():
    draw = partial(sample_uniforms, 5, SampleStream(NUM, 5)[:NUM])
    top, bottom, left, right = draw_windows(0.25, draw, HEIGHT, WIDTH)
    assert ((top >= 0) & (bottom <= HEIGHT) & (left >= 0) & (right <= WIDTH)).all()
    return np.stack([bottom - top, right - left])


def test_as_many_are_erased_as_is_said(sizes):
    assert (sizes[0] > 0).mean() == pytest.approx(0.25, abs=0.01)


def test_areas_and_ratios_are_of_their_distributions(sizes):
    high, wide = sizes[:, sizes[0] > 0]
    area, ratio = high * wide / (HEIGHT * WIDTH), high / wide
    assert AREA[0] * 0.95 < area.min() < AREA[0] * 1.1
    assert AREA[1] * 0.9 < area.max() < AREA[1] * 1.02
    assert RATIO[0] * 0.9 < ratio.min()
    assert ratio.max() < RATIO[1] * 1.1
    # Of smaller ones all fit into the image, so that none is drawn anew.
    narrow = ratio[area < 0.1]
    assert np.log(narrow).mean() == pytest.approx(
        math.log(math.sqrt(RATIO[0] * RATIO[1])), abs=0.03
    )


def test_a_rectangle_that_fits_nowhere_is_none():
    draw = partial(sample_uniforms, 5, SampleStream(NUM, 5)[:100])
    top, bottom, left, right = draw_windows(1.0, draw, 1, 1)
    assert not ((bottom - top) * (right - left)).any()


def test_a_rectangle_becomes_the_mean_and_the_rest_stays():
    with_it, without = (
        torch.cat([b.images for b in micro_batches_of(loader(augment), PLAN)])
        for augment in (Augment(erase=1.0, mixup=0.0), Augment())
    )
    places = SampleStream(N, SEED)[: PLAN[-1].stop]
    windows = draw_windows(1.0, partial(sample_uniforms, SEED, places), SIDE, SIDE)
    assert (windows[1] > windows[0]).mean() > 0.9
    for image, plain, (top, bottom, left, right) in zip(with_it, without, windows.T, strict=True):
        plain[:, top:bottom, left:right] = 0
        assert torch.equal(image, plain)
