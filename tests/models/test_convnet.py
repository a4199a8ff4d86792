import pytest
import torch

from bsgrow.errors import InputError
from bsgrow.models.convnet import convnet
from bsgrow.models.ghost_batch_norm import GhostBatchNorm2d


def network(width=24, hidden=256, in_channels=1, num_classes=10):
    return convnet(
        width=width,
        hidden=hidden,
        in_channels=in_channels,
        num_classes=num_classes,
        ghost_batch_size=4,
    )


def test_parameter_count_by_hand():
    convolutions = 9 * (1 * 24 + 24 * 48)
    norms = 2 * (24 + 48)
    linear = (48 * 49 + 1) * 256 + (256 + 1) * 10
    count = sum(p.numel() for p in network().parameters())
    assert count == convolutions + norms + linear == 615_666


@pytest.mark.parametrize("in_channels", [1, 3])
@pytest.mark.parametrize("size", [(4, 4), (9, 13), (28, 28), (33, 64)])
def test_any_channels_and_any_size(in_channels, size):
    logits = network(in_channels=in_channels, num_classes=7)(torch.randn(5, in_channels, *size))
    assert logits.shape == (5, 7)
    assert logits.isfinite().all()


def test_pooling_leaves_what_the_hidden_layer_takes_of_28_pixels():
    model = network()
    pooled = model.features[:-1](torch.randn(3, 1, 28, 28))
    assert torch.equal(model.features[-1](pooled), pooled)


def test_norms_are_over_ghost_batches():
    norms = [m for m in network().modules() if isinstance(m, GhostBatchNorm2d)]
    assert [norm.ghost_batch_size for norm in norms] == [4, 4]


def test_activations_lie_as_the_faster_convolution_wants_them():
    found = []
    model = network()
    model.features[0].register_forward_hook(lambda *arguments: found.append(arguments[2]))
    model(torch.randn(2, 1, 28, 28))
    assert found[0].is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("argument", ["width", "hidden"])
def test_a_size_of_nothing_is_refused(argument):
    with pytest.raises(InputError, match=rf"model\.{argument} = 0 is not a number of channels"):
        network(**{argument: 0})
