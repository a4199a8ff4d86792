import math

import pytest
import torch
from torch import nn

from bsgrow.errors import InputError
from bsgrow.models.registry import MODELS
from bsgrow.models.wide_resnet import wide_resnet


def network(depth=10, width=1, in_channels=1, num_classes=10):
    return wide_resnet(
        depth=depth,
        width=width,
        in_channels=in_channels,
        num_classes=num_classes,
        ghost_batch_size=4,
    )


@pytest.mark.parametrize(
    ("depth", "width", "published", "num_parameters"),
    [  # published: in millions, arXiv 1605.07146, table 4
        (40, 1, 0.6, 563_930),
        (40, 4, 8.9, 8_949_210),
        (16, 8, 11.0, 10_961_370),
        (28, 10, 36.5, 36_479_194),
    ],
)
def test_parameter_counts_are_the_papers(depth, width, published, num_parameters):
    with torch.device("meta"):
        model = network(depth, width, in_channels=3)
    assert sum(p.numel() for p in model.parameters()) == num_parameters
    assert num_parameters / 1e6 == pytest.approx(published, abs=0.051)


def test_parameter_count_of_wrn_16_4_by_hand():
    convolutions = 9 * (
        3 * 16 + 16 * 64 + 3 * 64**2 + 64 * 128 + 3 * 128**2 + 128 * 256 + 3 * 256**2
    )
    shortcuts = 16 * 64 + 64 * 128 + 128 * 256
    norms = 2 * (16 + 3 * 64 + 64 + 3 * 128 + 128 + 3 * 256 + 256)
    classifier = 256 * 10 + 10
    with torch.device("meta"):
        model = network(16, 4, in_channels=3)
    num_parameters = sum(p.numel() for p in model.parameters())
    assert num_parameters == convolutions + shortcuts + norms + classifier == 2_748_890


@pytest.mark.parametrize("depth", [10, 16, 22])
def test_depth_counts_the_convolutions(depth):
    convolutions = [m for m in network(depth).modules() if isinstance(m, nn.Conv2d)]
    assert len([c for c in convolutions if c.kernel_size == (3, 3)]) == depth - 3


@pytest.mark.parametrize("in_channels", [1, 3])
@pytest.mark.parametrize("size", [(8, 8), (9, 13), (28, 28), (32, 32)])
def test_any_channels_and_any_size(in_channels, size):
    logits = network(in_channels=in_channels, num_classes=7)(torch.randn(5, in_channels, *size))
    assert logits.shape == (5, 7)
    assert logits.isfinite().all()


def test_convolutions_have_the_variance_of_he():
    model = network(width=4)
    for conv in (m for m in model.modules() if isinstance(m, nn.Conv2d)):
        if conv.weight.numel() > 10_000:
            fan_out = conv.out_channels * math.prod(conv.kernel_size)
            assert conv.weight.std().item() == pytest.approx(math.sqrt(2 / fan_out), rel=0.05)
    assert torch.equal(model.classifier.bias, torch.zeros(10))


def test_a_block_adds_its_input():
    model = network(depth=16).eval()
    block = model.blocks[1]
    nn.init.zeros_(block.conv2.weight)
    x = torch.randn(2, 16, 8, 8)
    assert torch.equal(block(x), x)


def test_memory_format_changes_nothing():
    model, x = network().eval(), torch.randn(4, 1, 8, 8)
    expected = model(x)
    channels_last = torch.channels_last
    model.to(memory_format=channels_last)
    torch.testing.assert_close(model(x.contiguous(memory_format=channels_last)), expected)


@pytest.mark.parametrize(("depth", "nearest"), [(1, 10), (4, 10), (11, 10), (17, 16), (30, 28)])
def test_a_depth_not_of_the_form_is_refused(depth, nearest):
    with pytest.raises(InputError, match=f"model.depth = {depth} .*6n \\+ 4") as caught:
        network(depth=depth)
    assert str(nearest) in caught.value.hint


@pytest.mark.parametrize("width", [0, -1])
def test_a_width_below_one_is_refused(width):
    with pytest.raises(InputError, match=f"model.width = {width} "):
        network(width=width)


def test_the_registry_names_it():
    assert MODELS["wide_resnet"].load() is wide_resnet
