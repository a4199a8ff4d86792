import numpy as np
import pytest

from bsgrow.data.arrays.returned import dataset_of
from bsgrow.errors import InputError

IMAGES = np.arange(8 * 3 * 2, dtype=np.uint8).reshape(8, 3, 2)
LABELS = np.arange(8) % 2
PAIR = (IMAGES, LABELS)


@pytest.mark.parametrize(
    "returned",
    [
        (PAIR, PAIR),
        [PAIR, [IMAGES, LABELS]],
        {"images": IMAGES, "labels": LABELS, "test_images": IMAGES, "test_labels": LABELS},
        {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES, "y_test": LABELS},
    ],
)
def test_forms_with_a_test_split(returned):
    dataset = dataset_of("a:b", returned, None)
    assert (dataset.name, len(dataset.train), len(dataset.test)) == ("a:b", 8, 8)


@pytest.mark.parametrize("returned", [PAIR, {"images": IMAGES, "labels": LABELS}])
def test_forms_of_which_a_part_is_held_out(returned):
    dataset = dataset_of("a:b", returned, 0.4)
    assert len(dataset.train) + len(dataset.test) == 8


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "returned None"),
        (IMAGES, "returned an object of numpy.ndarray"),
        ((*PAIR, 3), "returned a tuple of 3"),
        ([], "returned a list of 0"),
        ({3: IMAGES}, "keys that are no text"),
        ({"a": IMAGES}, "neither images nor labels; it has a"),
        ((PAIR, IMAGES), "training split: images: are a builtins.tuple"),
    ],
)
def test_anything_else_is_refused_in_words(returned, said):
    with pytest.raises(InputError) as caught:
        dataset_of("a:b", returned, 0.5)
    assert said in caught.value.message
    assert caught.value.message.startswith("data.name = 'a:b'")
    assert caught.value.hint
