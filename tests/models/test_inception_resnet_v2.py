import math

import pytest
import torch
from torch import nn

from bsgrow.errors import InputError
from bsgrow.models import MODELS, GhostBatchNorm2d, check_images_fit
from bsgrow.models.inception_resnet_v2 import SMALLEST_IMAGE, Residual, inception_resnet_v2


def network(in_channels=3, num_classes=1000):
    return inception_resnet_v2(in_channels=in_channels, num_classes=num_classes, ghost_batch_size=2)


@pytest.fixture(scope="module")
def described():
    """The network without values, for what depends on shapes alone."""
    with torch.device("meta"):
        return network()


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return network(in_channels=1, num_classes=10)


def test_the_parameter_count_is_that_of_the_literature(described):
    """Asserted in pytorch/pytorchcv/models/inceptionresnetv2.py of github.com/osmr/imgclsmob."""
    assert sum(p.numel() for p in described.parameters()) == 55_843_464


# Channels and side after each stage, as the released code annotates them for images of 299x299.
PUBLISHED = {
    "conv2d_1a": (32, 149),
    "conv2d_2a": (32, 147),
    "conv2d_2b": (64, 147),
    "maxpool_3a": (64, 73),
    "conv2d_3b": (80, 73),
    "conv2d_4a": (192, 71),
    "maxpool_5a": (192, 35),
    "mixed_5b": (320, 35),
    "repeat": (320, 35),
    "mixed_6a": (1088, 17),
    "repeat_1": (1088, 17),
    "mixed_7a": (2080, 8),
    "repeat_2": (2080, 8),
    "block8": (2080, 8),
    "conv2d_7b": (1536, 8),
}


def shapes_after(model, side):
    """Channels and height after each stage that is published, for square images."""
    x, shapes = torch.empty(2, 3, side, side, device="meta"), {}
    for name, stage in model.named_children():
        x = stage(x)
        shapes[name] = tuple(x.shape[1:3])
    return {name: shapes[name] for name in PUBLISHED}


def test_what_leaves_each_stage_has_the_published_shape(described):
    assert shapes_after(described, 299) == PUBLISHED


def test_the_state_dict_has_timms_names(described):
    state = {name: tuple(value.shape) for name, value in described.state_dict().items()}
    assert len(state) == 1306
    assert state["conv2d_1a.conv.weight"] == (32, 3, 3, 3)
    assert state["mixed_5b.branch3.1.bn.running_var"] == (64,)
    assert state["repeat.9.branch2.1.conv.weight"] == (48, 32, 3, 3)
    assert state["repeat_1.19.branch1.1.conv.weight"] == (160, 128, 1, 7)
    assert state["mixed_7a.branch2.2.bn.weight"] == (320,)
    assert state["repeat_2.8.conv2d.bias"] == (2080,)
    assert state["block8.branch1.2.conv.weight"] == (256, 224, 3, 1)
    assert state["classif.weight"] == (1000, 1536)


def test_every_normalisation_is_over_ghost_batches(described):
    norms = [m for m in described.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 204
    assert all(type(norm) is GhostBatchNorm2d and norm.ghost_batch_size == 2 for norm in norms)
    assert {norm.eps for norm in norms} == {1e-3}


def test_residuals_are_scaled_and_the_last_block_is_linear(described):
    blocks = [m for m in described.modules() if isinstance(m, Residual)]
    assert [b.scale for b in blocks] == [0.17] * 10 + [0.10] * 20 + [0.20] * 9 + [1.0]
    assert [b.last for b in blocks] == [False] * 39 + [True]


def test_a_block_adds_what_it_scales(model):
    block, x = model.repeat[0].eval(), torch.randn(1, 320, 3, 3)
    branches = [block.branch0, block.branch1, block.branch2]
    joined = torch.cat([branch(x) for branch in branches], dim=1)
    expected = torch.relu(x + 0.17 * block.conv2d(joined))
    torch.testing.assert_close(block(x), expected)


def test_every_parameter_has_a_gradient(model):
    logits = model.train()(torch.randn(3, 1, SMALLEST_IMAGE, SMALLEST_IMAGE + 4))
    assert logits.shape == (3, 10)
    logits.square().sum().backward()
    assert [n for n, p in model.named_parameters() if not p.grad.abs().sum() > 0] == []


def test_it_starts_as_glorot_and_bengio(model):
    bound = math.sqrt(6 / (1088 + 256))
    weight = model.mixed_7a.branch0[0].conv.weight
    assert 0.99 * bound < weight.abs().max().item() <= bound
    assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.01)
    assert not model.repeat[0].conv2d.bias.any()


@pytest.mark.parametrize("size", [(74, 299), (299, 74)])
def test_smaller_images_are_refused(described, size):
    with pytest.raises(InputError, match=f"75×75 pixels or more, .* {size[0]}×{size[1]}"):
        described(torch.empty(2, 3, *size, device="meta"))
    with pytest.raises(InputError, match=r"model\.name = 'inception_resnet_v2'") as caught:
        check_images_fit("inception_resnet_v2", *size)
    assert "images.size = 75" in caught.value.hint


def test_the_smallest_image_leaves_one_pixel(described):
    assert shapes_after(described, SMALLEST_IMAGE)["conv2d_7b"] == (1536, 1)


def test_a_recipe_names_it():
    assert MODELS["inception_resnet_v2"].load() is inception_resnet_v2
    check_images_fit("inception_resnet_v2", 75, 75)
    check_images_fit("resnet50", 1, 1)
