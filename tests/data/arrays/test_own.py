"""What arrays of the user become, and which are refused."""

import logging
import re
from contextlib import suppress

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bsgrow.data.arrays.own import find_roles, make_dataset, make_split, mean_and_std
from bsgrow.errors import InputError

LABELS = np.array([0, 1, 2, 1])
PIXELS = np.arange(4 * 3 * 2, dtype=np.uint8).reshape(4, 3, 2)


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        (PIXELS, (1, 3, 2)),
        (np.zeros((4, 5, 6, 3), np.uint8), (3, 5, 6)),
        (np.zeros((4, 3, 5, 6), np.uint8), (3, 5, 6)),
        (np.zeros((4, 5, 6, 1), np.uint8), (1, 5, 6)),
        (np.zeros((4, 1, 5, 6), np.uint8), (1, 5, 6)),
        (np.asfortranarray(np.zeros((4, 5, 6, 3), np.uint8)), (3, 5, 6)),
    ],
)
def test_images_become_planar(images, shape):
    split = make_split(images, LABELS, "here")
    assert split.images.shape == (4, *shape)
    assert split.images.flags.c_contiguous


def test_channels_last_keep_their_pixels():
    images = np.random.default_rng(0).integers(0, 256, (4, 5, 6, 3), np.uint8)
    assert np.array_equal(make_split(images, LABELS, "").images, images.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("dtype", ["int64", "uint16", ">i4", "int16"])
def test_other_whole_numbers_are_taken_as_they_are(dtype):
    assert np.array_equal(make_split(PIXELS.astype(dtype), LABELS, "").images[:, 0], PIXELS)


@pytest.mark.parametrize("dtype", ["float32", "float64", ">f4"])
def test_levels_that_were_divided_by_255_come_back(dtype):
    levels = np.arange(256, dtype=np.uint8).reshape(4, 8, 8)
    assert np.array_equal(make_split((levels / 255).astype(dtype), LABELS, "").images[:, 0], levels)


def test_tensors_are_taken():
    images = torch.from_numpy(PIXELS).float().div(255).requires_grad_()
    split = make_split(images, torch.from_numpy(LABELS), "")
    assert np.array_equal(split.images[:, 0], PIXELS)
    assert split.labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize("dtype", ["int8", "uint64", "int64", ">i2"])
def test_labels_of_any_whole_numbers_in_a_row_or_a_column(dtype):
    for labels in (LABELS.astype(dtype), LABELS.astype(dtype)[:, None]):
        assert make_split(PIXELS, labels, "").labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (PIXELS / 20, "images are float64 from 0.0 to 1.15"),
        (PIXELS - 1.0, "images are float64 from -1.0 to 22.0"),
        (np.full((4, 3, 2), np.nan), "images are float64 from nan to nan"),
        (np.full((4, 3, 2), np.inf), "images are float64 from inf to inf"),
        (PIXELS.astype(int) - 1, "images are int64 from -1 to 22"),
        (PIXELS.astype(int) + 250, "images are int64 from 250 to 273"),
        (PIXELS > 1, "images are bool"),
        (PIXELS.astype(complex), "images are complex128"),
        (PIXELS.astype(object), "images are object"),
        (PIXELS.astype(str), "images are <U"),
        (PIXELS[:, 0], "images are of shape [4, 2]"),
        (PIXELS[0, 0, 0], "images are of shape []"),
        (np.zeros((4, 3, 3, 3), np.uint8), "of which the channels may be first or last"),
        (np.zeros((4, 0, 3), np.uint8), "images are of shape [4, 0, 3]"),
        (np.zeros((4, 1, 2, 3, 4), np.uint8), "images are of shape [4, 1, 2, 3, 4]"),
        (np.zeros((3, 3, 2), np.uint8), "has 3 images and 4 labels"),
        ([[1, 2]], "images: are a builtins.list"),
        (None, "images: are a builtins.NoneType"),
        (torch.zeros(4, 3, 2, dtype=torch.bfloat16), "images: are no array"),
    ],
)
def test_other_images_are_refused(images, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        make_split(images, LABELS, "here")
    assert caught.value.message.startswith("here")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (LABELS.astype(float), "labels are float64 of shape [4]"),
        (LABELS > 0, "labels are bool"),
        (np.eye(4, 3, dtype=int), "labels are int64 of shape [4, 3]"),
        (LABELS.astype(str), "labels are <U"),
        (LABELS.astype(object), "labels are object"),
        (LABELS - 1, "labels run from -1 to 1"),
        (LABELS << 20, "labels run from 0 to 2097152"),
        (np.array([0, 1, 2, 2**64 - 1], np.uint64), "to 18446744073709551615"),
        (LABELS[:3], "has 4 images and 3 labels"),
        (np.int64(3), "labels are int64 of shape []"),
        ([0, 1, 2, 1], "labels: are a builtins.list"),
    ],
)
def test_other_labels_are_refused(labels, said):
    with pytest.raises(InputError, match=re.escape(said)):
        make_split(PIXELS, labels, "here")


def test_no_samples():
    with pytest.raises(InputError, match="has no samples"):
        make_split(PIXELS[:0], LABELS[:0], "here")


def test_mean_and_deviation_are_those_of_the_training_split():
    images = np.random.default_rng(0).integers(0, 256, (50, 3, 4, 5), np.uint8)
    mean, std = mean_and_std(images)
    assert np.allclose(mean, (images / 255).mean((0, 2, 3)))
    assert np.allclose(std, (images / 255).std((0, 2, 3)))
    assert mean_and_std(np.full((2, 1, 3, 3), 51, np.uint8)) == ((0.2,), (1.0,))


def test_a_data_set_of_both_splits():
    dataset = make_dataset("x:y", (PIXELS, LABELS), (PIXELS[:2], np.array([4, 0])), None, "here")
    assert (dataset.num_samples, len(dataset.test), dataset.num_classes) == (4, 2, 5)
    assert dataset.image_shape == (1, 3, 2)


def test_a_part_is_held_out_by_place_whatever_is_added():
    labels, images = np.tile([0, 1], 50), np.zeros((100, 3, 2), np.uint8)
    images[:, 0, 0] = np.arange(100)
    few = make_dataset("x", (images[:60], labels[:60]), None, 0.25, "here")
    many = make_dataset("x", (images, labels), None, 0.25, "here")
    assert 0 < len(few.test) < len(many.test) < 50
    held = set(few.test.images[:, 0, 0, 0])
    assert held == {place for place in many.test.images[:, 0, 0, 0] if place < 60}


@pytest.mark.parametrize(
    ("test", "fraction", "said"),
    [
        (None, None, "has no test split"),
        ((PIXELS, LABELS), 0.5, "has a test split already"),
        ((PIXELS[:, :2], LABELS), None, "both splits need the same shape"),
    ],
)
def test_splits_that_do_not_fit(test, fraction, said):
    with pytest.raises(InputError, match=said):
        make_dataset("x", (PIXELS, LABELS), test, fraction, "here")


def test_one_class_is_none():
    pair = (PIXELS, np.zeros(4, int))
    with pytest.raises(InputError, match="all labels are 0"):
        make_dataset("x", pair, pair, None, "here")
    with pytest.raises(InputError, match="no class in here"):
        make_dataset("x", (PIXELS, np.arange(4)), None, 0.5, "here")


@pytest.mark.parametrize(
    ("names", "has_test"),
    [
        ("images labels", False),
        ("images labels test_images test_labels", True),
        ("y_test x_train x_test y_train", True),
        ("train_images train_labels test_images test_labels", True),
    ],
)
def test_names_of_each_convention(names, has_test):
    roles, found = find_roles(names.split(), "here")
    assert {*(roles if has_test else roles[:2])} == {*names.split()}
    assert found is has_test


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("", "neither images nor labels; it has nothing; names are"),
        ("a b", "neither images nor labels; it has a, b"),
        ("images labels x_train y_train", "both by one convention"),
        ("images", "has no labels, which goes with images"),
        ("y_train", "has no x_train"),
        ("images labels test_images", "has no test_labels"),
        ("x_train y_train y_test", "has no x_test"),
    ],
)
def test_names_that_say_too_little_or_too_much(names, said):
    with pytest.raises(InputError, match=said):
        find_roles(names.split(), "here")


def test_what_has_no_role_is_told(caplog):
    with caplog.at_level(logging.WARNING, "bsgrow"):
        find_roles(["train_images", "train_labels", "val_images"], "here")
    assert caplog.messages == ["here: not taken: val_images"]


DTYPES = st.sampled_from(["u1", "i2", "i8", "f2", "f4", "f8", "?", "c8", "O", "U3", "M8[s]"])
SHAPES = st.lists(st.integers(0, 4), max_size=5).map(tuple)


@given(
    arrays(DTYPES, SHAPES, fill=st.nothing()),
    arrays(DTYPES, SHAPES, fill=st.nothing()),
)
def test_any_arrays_are_taken_or_refused_in_a_sentence(images, labels):
    with suppress(InputError):
        split = make_split(images, labels, "here")
        assert len(split) == len(images) == len(labels)
