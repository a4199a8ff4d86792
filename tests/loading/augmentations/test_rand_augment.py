"""RandAugment does to images what Pillow does, as torchvision calls it, drawn for each image."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageOps
from sklearn.datasets import load_sample_image

from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.data.arrays.returned import dataset_of
from bsgrow.errors import InputError
from bsgrow.loading.augmentations.rand_augment import OPERATIONS, changed, draw_operations
from bsgrow.native import Augment
from bsgrow.stream import SampleStream
from bsgrow.stream.sample_uniforms import sample_uniforms
from tests.loading.augmentations.test_mixing import (
    GHOST,
    PLAN,
    SEED,
    N,
    Own,
    augmented,
    cut_up,
    loader,
)

HEIGHT, WIDTH = 37, 50
BINS = np.linspace(0, 1, 31)
TWO = Augment(rand_augment=2, rand_augment_magnitude=13)


def crops():
    """Photographs, a part of one of few levels, and one of a single level: uint8 [n, H, W, 3]."""
    photographs = [load_sample_image(name) for name in ("china.jpg", "flower.jpg")]
    cut = [
        photograph[top : top + HEIGHT, left : left + WIDTH]
        for photograph in photographs
        for top, left in ((10, 20), (180, 300), (385, 580))
    ]
    return np.stack([*cut, cut[0] // 16 + 100, np.full_like(cut[0], 77)])


CROPS = crops()
COLOURED = ArraySplit(
    np.ascontiguousarray(np.resize(CROPS, (N, *CROPS.shape[1:])).transpose(0, 3, 1, 2)),
    np.arange(N),
)
DATASET = ArrayDataset("crops", COLOURED, COLOURED, N, (0.4, 0.5, 0.6), (0.2, 0.3, 0.4), "sha256:0")


def affine(image, *matrix):
    return image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST)


EXPECTED = {  # torchvision's RandAugment, which calls Pillow so: of an image, step and sign
    "Identity": lambda image, step, sign: image,
    "ShearX": lambda image, step, sign: affine(image, 1, sign * 0.3 * step, 0, 0, 1, 0),
    "ShearY": lambda image, step, sign: affine(image, 1, 0, 0, sign * 0.3 * step, 1, 0),
    "TranslateX": lambda image, step, sign: affine(
        image, 1, 0, -int(sign * 150 / 331 * image.width * step), 0, 1, 0
    ),
    "TranslateY": lambda image, step, sign: affine(
        image, 1, 0, 0, 0, 1, -int(sign * 150 / 331 * image.height * step)
    ),
    "Rotate": lambda image, step, sign: image.rotate(sign * 30 * step),
    "Brightness": lambda image, step, sign: ImageEnhance.Brightness(image).enhance(
        1 + sign * 0.9 * step
    ),
    "Color": lambda image, step, sign: ImageEnhance.Color(image).enhance(1 + sign * 0.9 * step),
    "Contrast": lambda image, step, sign: ImageEnhance.Contrast(image).enhance(
        1 + sign * 0.9 * step
    ),
    "Sharpness": lambda image, step, sign: ImageEnhance.Sharpness(image).enhance(
        1 + sign * 0.9 * step
    ),
    "Posterize": lambda image, step, sign: ImageOps.posterize(image, 8 - round(4 * step)),
    "Solarize": lambda image, step, sign: ImageOps.solarize(image, 255 * (1 - step)),
    "AutoContrast": lambda image, step, sign: ImageOps.autocontrast(image),
    "Equalize": lambda image, step, sign: ImageOps.equalize(image),
}
TOLERANCE = {"AutoContrast": 1}  # levels; Pillow's scale in floats may fall short of a whole level


def expected(image, name, step, sign):
    """Of one image [C, H, W] by Pillow."""
    pixels = image.transpose(1, 2, 0)
    made = EXPECTED[name](Image.fromarray(pixels.squeeze()), step, sign)
    return np.asarray(made).reshape(pixels.shape).transpose(2, 0, 1)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("num_channels", [1, 3])
def test_each_operation_is_that_of_pillow(name, num_channels):
    images = CROPS.transpose(0, 3, 1, 2)[:, :num_channels]
    choices = np.full(len(images), [*OPERATIONS].index(name))
    signs = np.where(np.arange(len(images)) % 2, 1.0, -1.0)
    for magnitude in (0, 1, 9, 17, 30):
        made = changed(torch.tensor(images), magnitude, choices, signs).numpy()
        for image, own, sign in zip(images, made, signs, strict=True):
            wanted = expected(image, name, BINS[magnitude], sign)
            difference = np.abs(own.astype(int) - wanted)
            assert difference.max() <= TOLERANCE.get(name, 0), (magnitude, sign)


def test_the_space_is_that_of_torchvision():
    assert [*OPERATIONS] == [*EXPECTED]
    signed = {name for name, operation in OPERATIONS.items() if operation.is_signed}
    assert signed == {*[*EXPECTED][1:10]}


def test_images_too_small_to_be_smoothed_stay():
    levels = torch.arange(12, dtype=torch.uint8).view(2, 1, 2, 3)
    sharpness = np.full(2, [*OPERATIONS].index("Sharpness"))
    assert torch.equal(changed(levels.clone(), 30, sharpness, np.ones(2)), levels)


def test_operations_and_signs_are_drawn_alike_and_anew():
    draw = partial(sample_uniforms, 5, SampleStream(28_000, 5)[:28_000])
    (first, signs), (second, _) = (draw_operations(draw, number) for number in range(2))
    pairs = np.bincount(first * len(OPERATIONS) + second, minlength=len(OPERATIONS) ** 2)
    assert pairs == pytest.approx(
        len(first) / len(pairs), abs=5 * math.sqrt(len(first) / len(pairs))
    )
    assert signs.mean() == pytest.approx(0, abs=0.02)


def test_images_of_a_loader_are_changed_one_operation_after_the_other():
    images, _ = augmented(TWO, dataset=DATASET)
    places = SampleStream(N, SEED)[: PLAN[-1].stop]
    draw = partial(sample_uniforms, SEED, places)
    drawn = [draw_operations(draw, number) for number in range(2)]
    mean, std = (np.array(each)[:, None, None] for each in (DATASET.mean, DATASET.std))
    for position, sample in enumerate(places.samples):
        shown = COLOURED.images[sample]
        names = [[*OPERATIONS][choices[position]] for choices, _ in drawn]
        for name, (_, signs) in zip(names, drawn, strict=True):
            shown = expected(shown, name, BINS[13], signs[position])
        levels = (images[position].numpy() * std + mean) * 255
        if "AutoContrast" not in names:
            np.testing.assert_allclose(levels, shown, atol=1e-3)


@pytest.mark.parametrize(("world_size", "micro_batch_size"), [(1, GHOST), (3, 8)])
def test_no_cut_changes_a_bit(world_size, micro_batch_size):
    whole, _ = augmented(TWO, dataset=DATASET, micro_batch_size=32)
    cut, _ = cut_up(TWO, DATASET, world_size, micro_batch_size=micro_batch_size)
    assert torch.equal(cut, whole)


def test_a_layout_or_a_type_changes_no_bit_of_it():
    plain, _ = augmented(TWO, dataset=DATASET)
    how = {"memory_format": torch.channels_last, "dtype": torch.bfloat16}
    assert torch.equal(augmented(TWO, dataset=DATASET, **how)[0], plain.bfloat16())


def test_a_magnitude_alone_does_nothing():
    assert not Augment(rand_augment_magnitude=30).of_batches
    assert not hasattr(loader(Augment(rand_augment_magnitude=30)), "augmentations")


def test_pixels_of_the_users_own_are_left_alone():
    dataset = dataset_of("a:b", (Own(), Own()), None)
    with pytest.raises(InputError, match="the operations of rand_augment are of known ones"):
        loader(TWO, dataset)
