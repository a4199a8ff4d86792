import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.data import ArrayDataset, ArraySplit, fingerprint
from bsgrow.errors import InputError


def make_split(num_samples: int = 6, channels: int = 3, seed: int = 0) -> ArraySplit:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (num_samples, channels, 4, 5), dtype=np.uint8)
    return ArraySplit(images, rng.integers(0, 10, num_samples))


def make_dataset(**changes: object) -> ArrayDataset:
    train, test = make_split(6), make_split(2, seed=1)
    fields = {
        "name": "mine",
        "train": train,
        "test": test,
        "num_classes": 10,
        "mean": (0.5,) * 3,
        "std": (0.2,) * 3,
        "fingerprint": fingerprint(train, test),
    }
    return ArrayDataset(**(fields | changes))


def test_arrays_cannot_be_written():
    split = make_split()
    for array in (split.images, split.labels):
        assert not array.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_split_copies_nothing_and_leaves_the_given_arrays_writable():
    images, labels = np.zeros((2, 1, 3, 3), np.uint8), np.zeros(2, np.int64)
    split = ArraySplit(images, labels)
    assert np.shares_memory(split.images, images)
    assert images.flags.writeable
    assert len(split) == 2


GOOD_IMAGES, GOOD_LABELS = np.zeros((2, 1, 3, 3), np.uint8), np.zeros(2, np.int64)


@pytest.mark.parametrize(
    ("images", "labels", "named"),
    [
        (GOOD_IMAGES.astype(np.float32), GOOD_LABELS, "images are float32"),
        (GOOD_IMAGES[:, 0], GOOD_LABELS, r"shape \(2, 3, 3\)"),
        (GOOD_IMAGES[:, :, :, ::2], GOOD_LABELS, "not C-contiguous"),
        (GOOD_IMAGES, GOOD_LABELS.astype(np.int32), "labels are int32"),
        (GOOD_IMAGES, GOOD_LABELS[:1], "2 images and 1 labels"),
        (GOOD_IMAGES[:0], GOOD_LABELS[:0], "0 images and 0 labels"),
    ],
)
def test_a_split_refuses_other_arrays(images, labels, named):
    with pytest.raises(InputError, match=named):
        ArraySplit(images, labels)


def test_views_of_a_data_set():
    dataset = make_dataset()
    assert dataset.num_samples == 6
    assert dataset.image_shape == (3, 4, 5)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"test": make_split(2, channels=1)}, "same shape"),
        ({"mean": (0.5,)}, "3 channels"),
        ({"std": (0.2, 0.0, 0.2)}, "std above 0"),
        ({"mean": (0.5, float("nan"), 0.5)}, "must be finite"),
        ({"num_classes": 2}, "train split: labels run from"),
    ],
)
def test_a_data_set_refuses_what_does_not_fit(changes, named):
    with pytest.raises(InputError, match=named):
        make_dataset(**changes)


def test_negative_labels_are_refused():
    split = ArraySplit(GOOD_IMAGES, np.array([-1, 0]))
    with pytest.raises(InputError, match="from -1 to 0"):
        ArrayDataset("mine", split, split, 10, (0.5,), (0.2,), "")


def test_the_fingerprint_of_known_arrays():
    # Pinned: checkpoints carry it, so that it may not change between versions or machines.
    split = ArraySplit(np.arange(18, dtype=np.uint8).reshape(2, 1, 3, 3), np.array([1, 2]))
    assert fingerprint(split, split) == (
        "sha256:ff106838c95d4f045103f6e744215d13adff4db02f62ee7530af4e95ba586038"
    )


@given(st.sampled_from(["train", "test"]), st.sampled_from(["images", "labels"]), st.data())
def test_the_fingerprint_sees_every_pixel_and_label(split_name, field, data):
    splits = {"train": make_split(), "test": make_split(2, seed=1)}
    before = fingerprint(**splits)
    arrays = {name: getattr(splits[split_name], name).copy() for name in ("images", "labels")}
    position = data.draw(st.integers(0, arrays[field].size - 1))
    arrays[field].reshape(-1)[position] ^= 1
    assert fingerprint(**(splits | {split_name: ArraySplit(**arrays)})) != before


def test_the_fingerprint_sees_shape_and_order_of_splits():
    split, other = make_split(), make_split(2, seed=1)
    reshaped = ArraySplit(split.images.reshape(6, 3, 5, 4), split.labels)
    assert fingerprint(split, other) == fingerprint(make_split(), make_split(2, seed=1))
    pairs = ((split, other), (other, split), (reshaped, other))
    assert len({fingerprint(*pair) for pair in pairs}) == 3
