import numpy as np
import pytest
from torch.utils.data import IterableDataset

from bsgrow.data.arrays.returned import dataset_of
from bsgrow.data.map_style.dataset import MapDataset, is_map_style
from bsgrow.data.sample_form import SampleForm
from bsgrow.errors import InputError
from bsgrow.user_code.errors import UserCodeError


class Own:
    """What has items and a length, and further attributes as they are given."""

    def __init__(self, num=10, shape=(1, 2, 2), **attributes):
        self._num, self._shape = num, shape
        vars(self).update(attributes)

    def __len__(self):
        return self._num

    def __getitem__(self, index):
        return np.full(self._shape, index, np.uint8), index % 3


class Failing(Own):
    def __getitem__(self, index):
        raise KeyError("gone")


class Endless(IterableDataset):
    def __iter__(self):
        return iter([])

    def __len__(self):
        return 3


def test_what_is_map_style():
    assert not is_map_style(Endless())  # though it has __getitem__ and __len__
    assert is_map_style(Own())
    assert not any(map(is_map_style, [np.zeros(3), [1], (1,), {}, "a", 3, None, iter([])]))


@pytest.mark.parametrize(
    "attributes",
    [
        {"num_classes": 3},
        {"num_classes": np.int64(3)},
        {"classes": ["a", "b", "c"]},
        {"targets": [0, 1, 2] * 3 + [0]},
    ],
)
def test_the_number_of_classes_is_told_by_the_data_set(attributes):
    dataset = dataset_of("a:b", (Own(**attributes), Own(6)), None)
    assert isinstance(dataset, MapDataset)
    assert (dataset.num_samples, len(dataset.test)) == (10, 6)
    assert (dataset.num_classes, dataset.image_shape) == (3, (1, 2, 2))
    assert dataset.train.labels.tolist() == [index % 3 for index in range(10)]


@pytest.mark.parametrize("attributes", [{}, {"targets": np.arange(10) % 3}])
def test_a_part_is_held_out(attributes):
    dataset = dataset_of("a:b", Own(num_classes=3, **attributes), 0.3)
    places = [
        {split.place(k) for k in range(len(split))} for split in (dataset.train, dataset.test)
    ]
    assert places[0] | places[1] == {*range(10)}
    assert not places[0] & places[1]


@pytest.mark.parametrize(
    ("returned", "fraction", "said"),
    [
        ((Own(), Own()), None, "tells no number of classes"),
        ((Own(num_classes=1), Own()), None, "tells 1 classes, and two or more are"),
        ((Own(num_classes=True), Own()), None, "tells no number of classes"),
        ((Own(0, num_classes=3), Own()), None, "has no samples"),
        ((Own(num_classes=3), Own(0)), None, "has no samples"),
        (
            (Own(num_classes=3), Own(shape=(1, 3, 2))),
            None,
            "a sample is float32 [1, 2, 2] with one label to train on, and float32 [1, 3, 2]",
        ),
        ((Own(num_classes=3, shape=(2, 0)), Own()), None, "item 0: its input is uint8 of shape"),
        (Own(num_classes=3), None, "has no test split"),
        ((Own(num_classes=3), Own()), 0.5, "has a test split already"),
        ((Own(targets=[0, 1]), Own()), None, "targets: are 2 of 10 items"),
        ((Own(targets=["a"] * 10), Own()), None, "labels are <U1"),
    ],
)
def test_data_sets_that_do_not_do(returned, fraction, said):
    with pytest.raises(InputError) as caught:
        dataset_of("a:b", returned, fraction)
    assert said in caught.value.message


def test_an_error_of_the_data_set_shows_its_own_traceback():
    with pytest.raises(UserCodeError, match="raised KeyError: 'gone'") as caught:
        dataset_of("a:b", (Failing(num_classes=3), Own()), None)
    assert "in __getitem__" in caught.value.message
    assert "bsgrow/" not in caught.value.message


class Text(Own):
    def __getitem__(self, index):
        return np.full(4, index), np.full(4, index % 3)


@pytest.mark.parametrize("attributes", [{"num_classes": 3}, {"targets": [[0, 1, 2, 0]] * 10}])
def test_sequences_have_a_label_for_each_token(attributes):
    dataset = dataset_of("a:b", Text(**attributes), 0.3)
    assert (dataset.num_classes, dataset.form) == (3, SampleForm((4,), (4,), is_integer=True))
    assert dataset.train.labels.shape == (len(dataset.train), 4)
    assert dataset.fingerprint != dataset_of("a:b", Own(shape=(4,), num_classes=3), 0.3).fingerprint


def test_the_fingerprint_is_that_of_what_is_known():
    def digest(name="a:b", num=10, **attributes):
        return dataset_of(name, (Own(num, **attributes), Own()), None).fingerprint

    first = digest(num_classes=3)
    assert first == digest(num_classes=3)
    others = [digest("a:c", num_classes=3), digest(num=9, num_classes=3), digest(num_classes=4)]
    assert len({first, *others}) == 4
