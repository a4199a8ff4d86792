import numpy as np
import pytest
import torch

from bsgrow.data.map_style.item import ItemError, checked_item

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
    assert np.array_equal(item.image, IMAGE)
    assert (item.image.dtype, item.label, type(item.label)) == (dtype, 3, int)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (IMAGE, "is a numpy.ndarray"),
        ((IMAGE,), "is a builtins.tuple of 1"),
        ({"image": IMAGE, "label": 1}, "is a builtins.dict"),
        (("no", 1), "its image is a builtins.str"),
        ((IMAGE[0], 1), "its image is uint8 of shape [2, 2]"),
        ((IMAGE.astype(int), 1), "its image is int64 of shape"),
        ((IMAGE[:0], 1), "its image is uint8 of shape [0, 2, 2]"),
        ((np.zeros((8, 8, 3), np.uint8), 1), "its image is of shape [8, 8, 3], with the channels"),
        ((IMAGE, 1.0), "its label is a builtins.float"),
        ((IMAGE, True), "its label is a builtins.bool"),
        ((IMAGE, torch.tensor([1, 2])), "its label is a torch.Tensor"),
        ((IMAGE, None), "its label is a builtins.NoneType"),
        ((IMAGE, -1), "its label is -1"),
    ],
)
def test_anything_else_is_refused(item, said):
    with pytest.raises(ItemError) as caught:
        checked_item(item)
    assert str(caught.value).startswith(said)
