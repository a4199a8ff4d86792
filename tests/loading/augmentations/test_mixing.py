"""mixup and cutmix: what a sample is mixed with, and how much, however an update is cut."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.data.arrays.returned import dataset_of
from bsgrow.errors import InputError
from bsgrow.loading import LoaderSettings, make_loader, micro_batches_of
from bsgrow.loading.augmentations.augmentation import inside
from bsgrow.loading.augmentations.mixing import (
    Mixture,
    draw_shares,
    mixed,
    partners_of,
    symmetric_beta,
)
from bsgrow.native import Augment
from bsgrow.native.reference import permute
from bsgrow.stream import SampleStream, Share
from bsgrow.stream.sample_uniforms import sample_uniforms
from tests.loading.array_stream import updates
from tests.loading.ranks import joined, updates_of

N, GHOST, SEED, SIDE = 38, 4, 3, 8
PLAN = updates(3, 16, 21, 50, 9)  # short ghost batches, shares of none, and ends of epochs
MIXUP, CUTMIX = Augment(mixup=0.7), Augment(cutmix=1.0)
BOTH = Augment(pad=1, flip=True, erase=0.5, mixup=0.7, cutmix=1.0)


def telling_images(num):
    """Every pixel of an image is its sample's number, counted from 1; its label too, from 0."""
    images = np.empty((num, 3, SIDE, SIDE), np.uint8)
    images[:] = np.arange(1, num + 1)[:, None, None, None]
    return ArraySplit(images, np.arange(num))


TELLING = telling_images(N)
DATASET = ArrayDataset("telling", TELLING, TELLING, N, (0.0,) * 3, (1.0,) * 3, "sha256:0")
SETTINGS = LoaderSettings(
    4 * GHOST, torch.device("cpu"), seed=SEED, share=Share(ghost_batch_size=GHOST)
)


def loader(augment, dataset=DATASET, **settings):
    return make_loader(dataset, replace(SETTINGS, augment=augment, **settings))


def augmented(augment, plan=PLAN, **settings):
    """Images [n, C, H, W] and labels of all updates, in their order."""
    return in_one(micro_batches_of(loader(augment, **settings), plan))


def cut_up(augment, dataset, world_size, **settings):
    """The same, of the shares of ranks, in micro-batches of another size."""
    shares = [Share(rank, world_size, GHOST) for rank in range(world_size)]
    loaders = [loader(augment, dataset, share=share, **settings) for share in shares]
    made = [updates_of(each, PLAN) for each in loaders]
    return in_one(each for update in joined(made) for each in update)


def in_one(batches):
    images, labels = zip(*((each.images, each.labels) for each in batches), strict=True)
    return torch.cat(images), torch.cat(labels)


def samples_and_partners():
    """Of each position: its sample and that of the partner, by the definition alone."""
    for update in PLAN:
        for first in range(update.start, update.stop, GHOST):
            ghost = range(first, min(first + GHOST, update.stop))
            yield from zip(ghost, reversed(ghost), strict=True)


@pytest.mark.parametrize("augment", [MIXUP, CUTMIX, BOTH], ids=["mixup", "cutmix", "both"])
def test_a_sample_is_mixed_with_the_mirrored_one_of_its_ghost_batch(augment):
    images, labels = augmented(replace(augment, pad=0, flip=False, erase=0.0))
    assert labels.shape == (PLAN[-1].stop, N)
    torch.testing.assert_close(labels.sum(1), torch.ones(len(labels)))
    number = torch.arange(1, N + 1, dtype=torch.float32)
    for k, positions in enumerate(samples_and_partners()):
        own, other = (permute(N, SEED, *divmod(position, N)) for position in positions)
        share = labels[k, other] if own != other else 0.0
        assert set(labels[k].nonzero().flatten().tolist()) <= {own, other}
        shown = (images[k] - number[own] / 255) / ((number[other] - number[own]) / 255 or 1)
        assert shown.mean().item() == pytest.approx(float(share), abs=1e-4)
        is_cut = bool(((shown.abs() < 1e-4) | ((shown - 1).abs() < 1e-4)).all())
        assert is_cut or shown.std() < 1e-4, "a window of the partner's, or a part in all of them"
        assert augment is BOTH or is_cut or augment is MIXUP


@pytest.mark.parametrize("world_size", [1, 2, 3])
@pytest.mark.parametrize("micro_batch_size", [4, 8, 32])
def test_no_cut_changes_it(world_size, micro_batch_size):
    expected = augmented(BOTH)
    images, labels = cut_up(BOTH, DATASET, world_size, micro_batch_size=micro_batch_size)
    assert torch.equal(images, expected[0])
    assert torch.equal(labels, expected[1])


def test_a_run_that_goes_on_has_the_same():
    images, labels = augmented(BOTH)
    first = PLAN[2].start
    again = augmented(BOTH, PLAN[2:])
    assert torch.equal(again[0], images[first:])
    assert torch.equal(again[1], labels[first:])


def test_another_micro_batch_on_the_way():
    smaller = loader(BOTH).with_micro_batch_size(GHOST)
    images = torch.cat([b.images for b in micro_batches_of(smaller, PLAN)])
    assert torch.equal(images, augmented(BOTH)[0])


def test_what_is_off_is_not_there():
    plain = loader(Augment(pad=1, flip=True))
    assert not hasattr(plain, "augmentations")
    batches = list(micro_batches_of(plain, PLAN))
    assert batches[0].labels.dtype == torch.int64


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_images_are_rounded_once_and_laid_out_as_wanted(dtype):
    layout = torch.channels_last
    images, _ = augmented(BOTH, dtype=dtype, memory_format=layout)
    assert torch.equal(images, augmented(BOTH)[0].to(dtype))
    batch = next(micro_batches_of(loader(BOTH, dtype=dtype, memory_format=layout), PLAN))
    assert batch.images.is_contiguous(memory_format=layout)


def test_held_out_samples_are_left_alone():
    for (images, labels), (plain, expected) in zip(
        loader(BOTH).evaluation(), loader(Augment()).evaluation(), strict=True
    ):
        assert torch.equal(images, plain)
        assert torch.equal(labels, expected)


class Own:
    num_classes = N

    def __init__(self, shape=(1, 2, 2), dtype=np.float32):
        self.shape, self.dtype = shape, dtype

    def __len__(self):
        return N

    def __getitem__(self, index):
        return np.full(self.shape, index + 1, self.dtype), int(index)


def test_images_of_the_users_own_are_mixed_too():
    dataset = dataset_of("a:b", (Own(), Own()), None)
    images, labels = augmented(MIXUP, dataset=dataset)
    number = torch.arange(1, N + 1, dtype=torch.float32)
    torch.testing.assert_close(images[:, 0, 0, 0], labels @ number)
    assert (labels.max(1).values < 0.99).any()


def test_tokens_are_not_mixed():
    dataset = dataset_of("a:b", (Own((5,), np.int64), Own((5,), np.int64)), None)
    message = r"augment\.mixup = 0\.7: is for images with one label, .* int64 \[5\]"
    with pytest.raises(InputError, match=message):
        loader(MIXUP, dataset)


@given(num=st.integers(1, 40), ghost=st.integers(1, 9))
def test_partners_are_each_others_within_a_ghost_batch(num, ghost):
    partners = partners_of(num, ghost)
    assert np.array_equal(partners[partners], np.arange(num))
    assert np.array_equal(partners // ghost, np.arange(num) // ghost)


@pytest.fixture(scope="module")
def draw():
    return partial(sample_uniforms, 5, SampleStream(20_000, 5)[:20_000])


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0, 3.0])
def test_shares_are_of_a_beta_distribution(draw, alpha):
    drawn = symmetric_beta(np.full(20_000, alpha), *draw(4, 0)[:2])
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert drawn.mean() == pytest.approx(0.5, abs=0.015)
    assert drawn.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.03)
    fourth = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3))  # the central moment
    assert ((drawn - 0.5) ** 4).mean() == pytest.approx(fourth, rel=0.05)


def test_windows_are_as_large_as_the_share_of_the_label(draw):
    labels, pixels, windows = draw_shares(CUTMIX, draw, 400, 200)
    top, bottom, left, right = windows
    assert ((top >= 0) & (top <= bottom) & (bottom <= 400)).all()
    assert ((left >= 0) & (left <= right) & (right <= 200)).all()
    np.testing.assert_allclose(labels, (bottom - top) * (right - left) / 80_000, rtol=1e-6)
    assert not pixels.any()
    # A side of s = sqrt(1 − λ) covers s − s²/4 of the image's on average: an end may lie outside.
    s = np.sqrt(np.linspace(0, 1, 10_001))
    assert labels.mean() == pytest.approx(np.mean((s * (1 - s / 4)) ** 2), abs=0.01)


def test_with_both_half_of_the_samples_are_cut(draw):
    _, pixels, windows = draw_shares(BOTH, draw, 40, 40)
    is_mixed = pixels > 0
    assert is_mixed.mean() == pytest.approx(0.5, abs=0.02)
    assert not (windows[1] - windows[0])[is_mixed].any()


def test_pixels_of_a_window_are_the_partners():
    images, labels = torch.randn(2, 3, 4, 5), torch.tensor([2, 0])
    windows = np.array([[1, 0], [3, 0], [2, 0], [5, 0]])
    shares = np.array([0.3, 0.25], np.float32), np.array([0.0, 0.25], np.float32)
    found, of_classes = mixed(
        images.clone(), labels, Mixture(np.array([1, 0]), *shares, windows), 3
    )
    expected = images.clone()
    expected[0, :, 1:3, 2:5] = images[1, :, 1:3, 2:5]
    expected[1] = 0.75 * images[1] + 0.25 * images[0]
    torch.testing.assert_close(found, expected)
    assert torch.equal(found[0], expected[0]), "copied as they are"
    torch.testing.assert_close(of_classes, torch.tensor([[0.3, 0, 0.7], [0.75, 0, 0.25]]))


def test_a_window_holds_its_first_row_and_not_its_last():
    found = inside(torch.tensor([[1], [2], [0], [3]]), 3, 4)
    assert found.int().tolist() == [[[[0, 0, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0]]]]
