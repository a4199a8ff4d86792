"""Colours change as their definitions say, written out here, by factors of each image's own."""

import colorsys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.data.arrays.returned import dataset_of
from bsgrow.errors import InputError
from bsgrow.loading import micro_batches_of
from bsgrow.loading.augmentations.colour_jitter import draw_factors, jittered
from bsgrow.native import Augment
from bsgrow.stream import SampleStream
from bsgrow.stream.sample_uniforms import sample_uniforms
from tests.loading.augmentations.test_mixing import GHOST, PLAN, SEED, N, Own, augmented, loader

ALL = Augment(brightness=0.6, contrast=0.5, saturation=0.7, hue=0.3)
PIXELS = np.random.default_rng(0).integers(0, 256, (N, 3, 4, 5), np.uint8)
SPLIT = ArraySplit(PIXELS, np.arange(N))
DATASET = ArrayDataset("coloured", SPLIT, SPLIT, N, (0.4, 0.5, 0.6), (0.2, 0.3, 0.4), "sha256:0")


def grey(image):
    return np.tensordot([0.2989, 0.587, 0.114], image, 1)


def turned(image, shift):
    def turn(red, green, blue):
        hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
        return colorsys.hsv_to_rgb((hue + shift) % 1, saturation, value)

    return np.stack(np.vectorize(turn)(*image))


def expected(image, augment, brightness, contrast, saturation, hue):
    """One image [3, H, W] of numbers from 0 to 1, in float64."""
    if augment.brightness:
        image = np.clip(image * brightness, 0, 1)
    if augment.contrast:
        image = np.clip(contrast * image + (1 - contrast) * grey(image).mean(), 0, 1)
    if augment.saturation:
        image = np.clip(saturation * image + (1 - saturation) * grey(image), 0, 1)
    return turned(image, hue) if augment.hue else image


@pytest.mark.parametrize("keys", [("brightness",), ("contrast",), ("saturation",), ("hue",), ()])
def test_each_is_what_its_definition_says(keys):
    augment = Augment(**{key: getattr(ALL, key) for key in keys}) if keys else ALL
    images, _ = augmented(augment, dataset=DATASET)
    places = SampleStream(N, SEED)[: PLAN[-1].stop]
    factors = draw_factors(augment, partial(sample_uniforms, SEED, places)).astype(np.float64)
    mean, std = (np.array(each)[:, None, None] for each in (DATASET.mean, DATASET.std))
    for image, sample, own in zip(images.numpy(), places.samples, factors.T, strict=True):
        shown = expected(PIXELS[sample] / 255, augment, *own)
        np.testing.assert_allclose(image * std + mean, shown, atol=2e-5)


def test_grey_pixels_have_no_hue_to_turn():
    pixels = torch.full((2, 3, 2, 2), 0.3)
    factors = torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [0.3, -0.1]])
    assert torch.equal(jittered(pixels, Augment(hue=0.3), factors), pixels)


def test_factors_are_uniform_in_their_ranges():
    draw = partial(sample_uniforms, 5, SampleStream(20_000, 5)[:20_000])
    factors = draw_factors(replace(ALL, contrast=1.5), draw)
    for drawn, low, high in zip(factors, (0.4, 0, 0.3, -0.3), (1.6, 2.5, 1.7, 0.3), strict=True):
        assert drawn.min() == pytest.approx(low, abs=1e-3)
        assert drawn.max() == pytest.approx(high, abs=1e-3)
        assert drawn.mean() == pytest.approx((low + high) / 2, abs=0.02)
        assert drawn.var() == pytest.approx((high - low) ** 2 / 12, rel=0.03)


def test_no_cut_changes_them():
    whole, cut = (augmented(ALL, dataset=DATASET, micro_batch_size=size)[0] for size in (32, GHOST))
    torch.testing.assert_close(cut, whole, rtol=0, atol=1e-5)


def test_images_without_colours_have_contrast_too():
    split = ArraySplit(PIXELS[:, :1].copy(), np.arange(N))
    dataset = replace(DATASET, train=split, test=split, mean=(0.4,), std=(0.2,))
    plain, changed = (
        next(micro_batches_of(loader(augment, dataset), PLAN)).images * 0.2 + 0.4
        for augment in (Augment(), Augment(contrast=0.1))
    )
    means = plain.mean((1, 2, 3), keepdim=True)
    ratio = ((changed - means) / (plain - means)).flatten(1)
    assert ((ratio > 0.85) & (ratio < 1.15)).all()
    assert (ratio[0].mean() - ratio[1].mean()).abs() > 1e-4, "each its own"


def test_pixels_of_the_users_own_are_left_alone():
    dataset = dataset_of("a:b", (Own(), Own()), None)
    with pytest.raises(InputError, match="are taken as they are"):
        loader(ALL, dataset)
