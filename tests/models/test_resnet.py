import math

import pytest
import torch
from torch import nn

from bsgrow.errors import InputError
from bsgrow.models import MODELS, GhostBatchNorm2d, build_model
from bsgrow.models.resnet import Bottleneck, resnet50


def network(**arguments):
    defaults = {"in_channels": 3, "num_classes": 1000, "ghost_batch_size": 2}
    return resnet50(**defaults | arguments)


@pytest.fixture(scope="module")
def described():
    """The network without values, for what depends on shapes alone."""
    with torch.device("meta"):
        return network()


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return network(num_classes=10)


def torchvision_names():
    """Every entry of torchvision's state_dict with the first dimension of its shape."""
    yield from _layer("conv1", "bn1", 64)
    for stage, (channels, num_blocks) in enumerate(
        zip((64, 128, 256, 512), (3, 4, 6, 3), strict=True), start=1
    ):
        for block in range(num_blocks):
            prefix = f"layer{stage}.{block}"
            for number, width in ((1, channels), (2, channels), (3, 4 * channels)):
                yield from _layer(f"{prefix}.conv{number}", f"{prefix}.bn{number}", width)
            if block == 0:
                yield from _layer(f"{prefix}.downsample.0", f"{prefix}.downsample.1", 4 * channels)
    yield from (("fc.weight", 1000), ("fc.bias", 1000))


def _layer(conv, norm, channels):
    yield f"{conv}.weight", channels
    for name in ("weight", "bias", "running_mean", "running_var"):
        yield f"{norm}.{name}", channels
    yield f"{norm}.num_batches_tracked", None


def test_the_parameter_count_is_that_of_the_literature(described):
    """torchvision's ``ResNet50_Weights.IMAGENET1K_V1.meta["num_params"]``."""
    assert sum(p.numel() for p in described.parameters()) == 25_557_032


def test_the_state_dict_has_torchvisions_names_in_its_order(described):
    state = described.state_dict()
    actual = [(name, len(value) if value.ndim else None) for name, value in state.items()]
    assert actual == list(torchvision_names())
    assert state["conv1.weight"].shape == (64, 3, 7, 7)
    assert state["layer1.0.conv2.weight"].shape == (64, 64, 3, 3)


def test_the_stride_is_in_the_3x3_convolution(described):
    modules = described.named_modules()
    strides = {name: m.stride for name, m in modules if isinstance(m, nn.Conv2d | nn.MaxPool2d)}
    doubling = {name for name, stride in strides.items() if stride in (2, (2, 2))}
    later = {f"layer{stage}.0.{part}" for stage in (2, 3, 4) for part in ("conv2", "downsample.0")}
    assert doubling == {"conv1", "maxpool"} | later


def test_every_normalisation_is_over_ghost_batches(described):
    norms = [m for m in described.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 53
    assert all(type(norm) is GhostBatchNorm2d and norm.ghost_batch_size == 2 for norm in norms)


@pytest.mark.parametrize(("size", "last"), [((224, 224), 7), ((65, 97), 3), ((1, 1), 1)])
def test_any_channels_and_any_size(size, last):
    with torch.device("meta"):
        model = network(in_channels=1, num_classes=7)
        images = torch.empty(2, 1, *size)
        assert model(images).shape == (2, 7)
        assert nn.Sequential(*model)[:8](images).shape[2] == last


def test_every_parameter_has_a_gradient(model):
    images = torch.randn(5, 3, 33, 33)
    with torch.no_grad():
        for block in (m for m in model.modules() if isinstance(m, Bottleneck)):
            block.bn3.weight.fill_(0.5)  # a block that is its shortcut has none
    model(images).square().sum().backward()
    assert [n for n, p in model.named_parameters() if not p.grad.abs().sum() > 0] == []


@pytest.mark.parametrize("zero_init_residual", [True, False])
def test_how_blocks_start(zero_init_residual):
    torch.manual_seed(0)
    model = network(zero_init_residual=zero_init_residual, num_classes=2)
    weights = {m.bn3.weight.sum().item() for m in model.modules() if isinstance(m, Bottleneck)}
    assert weights == ({0.0} if zero_init_residual else {256.0, 512.0, 1024.0, 2048.0})
    block, x = model.layer1[1].eval(), torch.rand(1, 256, 4, 4)
    assert torch.equal(block(x), x) == zero_init_residual
    conv = model.layer4[0].conv2
    assert conv.weight.std().item() == pytest.approx(math.sqrt(2 / (9 * 512)), rel=0.02)
    assert model.fc.weight.std().item() == pytest.approx(0.01, rel=0.05)


def test_a_recipe_names_it():
    assert MODELS["resnet50"].load() is resnet50
    given = {"in_channels": 3, "num_classes": 2, "ghost_batch_size": 4}
    with torch.device("meta"):
        build_model("resnet50", {"zero_init_residual": False}, **given)
    with pytest.raises(InputError, match=r"model\.zero_init_residual = 1: must be") as caught:
        build_model("resnet50", {"zero_init_residual": 1}, **given)
    assert "whether the last normalisation" in caught.value.hint
