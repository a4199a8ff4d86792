import numpy as np
import pytest
import torch

from bsgrow.data.map_style.item import ItemError, checked_item
from bsgrow.data.sample_form import SampleForm

IMAGE = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)


@pytest.mark.parametrize(
    ("image", "dtype"),
    [
        (IMAGE, "uint8"),
        (torch.from_numpy(IMAGE), "uint8"),
        (torch.from_numpy(IMAGE).float().requires_grad_(), "float32"),
        (torch.from_numpy(IMAGE).bfloat16(), "float32"),
        (IMAGE.astype("float64"), "float32"),
        (IMAGE.astype("float16"), "float32"),
    ],
)
@pytest.mark.parametrize("label", [3, np.int64(3), np.array(3), torch.tensor(3)])
def test_images_and_labels_of_any_kind_become_arrays(image, dtype, label):
    item = checked_item((image, label))
    assert np.array_equal(item.input, IMAGE)
    assert (item.input.dtype, item.label, type(item.label)) == (dtype, 3, int)


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint16, np.int8])
def test_tokens_are_whole_numbers_with_a_label_each(kind):
    given = np.arange(5, dtype=kind)
    item = checked_item((torch.from_numpy(given) if kind == np.int64 else given, given[:4]))
    assert (item.input.dtype, item.input.tolist()) == ("int64", [0, 1, 2, 3, 4])
    assert (item.label.dtype, item.label.tolist()) == ("int64", [0, 1, 2, 3])
    assert item.form == SampleForm((5,), (4,), is_integer=True)


@pytest.mark.parametrize("shape", [(3,), (8, 3), (8, 8), (1, 8, 8), (3, 8, 8), (2, 3, 8, 8)])
def test_inputs_are_of_any_shape_and_a_mask_has_a_label_for_each_pixel(shape):
    item = checked_item((np.zeros(shape), torch.zeros(8, 8, dtype=torch.uint8)))
    assert item.form == SampleForm(shape, (8, 8))
    assert item.form.is_image == (len(shape) == 3)


def test_tokens_of_three_axes_are_no_image_with_channels_last():
    assert checked_item((np.zeros((8, 8, 3), int), 1)).form == SampleForm((8, 8, 3), (), True)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (IMAGE, "is a numpy.ndarray"),
        ((IMAGE,), "is a builtins.tuple of 1"),
        ({"image": IMAGE, "label": 1}, "is a builtins.dict"),
        (("no", 1), "its input is a builtins.str"),
        ((np.uint8(3) * IMAGE[0, 0, 0], 1), "its input is a numpy.uint8"),
        ((torch.tensor(3), 1), "its input is int64 of shape []"),
        ((IMAGE > 0, 1), "its input is bool of shape"),
        ((IMAGE[:0], 1), "its input is uint8 of shape [0, 2, 2]"),
        ((np.zeros((8, 8, 3), np.uint8), 1), "its image is of shape [8, 8, 3], with the channels"),
        ((IMAGE, 1.0), "its label is a builtins.float"),
        ((IMAGE, True), "its label is a builtins.bool"),
        ((IMAGE, torch.tensor([1.0, 2.0])), "its label is float32 of shape [2]"),
        ((IMAGE, torch.tensor([1, -2])), "its label runs from -2 to 1"),
        ((IMAGE, np.zeros(0, int)), "its label is int64 of shape [0]"),
        ((IMAGE, [1, 2]), "its label is a builtins.list"),
        ((IMAGE, None), "its label is a builtins.NoneType"),
        ((IMAGE, -1), "its label is -1"),
    ],
)
def test_anything_else_is_refused(item, said):
    with pytest.raises(ItemError) as caught:
        checked_item(item)
    assert str(caught.value).startswith(said)
