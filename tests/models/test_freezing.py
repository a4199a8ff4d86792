import copy

import pytest
import torch
from torch import nn

from bsgrow.errors import InputError
from bsgrow.models import build_model
from bsgrow.models.conversion import convert_batch_norm, restore_batch_norm
from bsgrow.models.freezing import freeze
from bsgrow.models.ghost_batch_norm import GhostBatchNorm


def model():
    torch.manual_seed(0)
    given = {"in_channels": 1, "num_classes": 3, "ghost_batch_size": 2}
    return build_model("convnet", {"width": 2, "hidden": 4}, **given)


def frozen(model):
    return {name for name, each in model.named_parameters() if not each.requires_grad}


ALL = {name for name, _ in model().named_parameters()}
FEATURES = {name for name in ALL if name.startswith("features.")}


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ((), set()),
        (("features",), FEATURES),
        (("features.*",), FEATURES),
        (("feat*",), FEATURES),
        (("features.[04]", "hidden.bias"), {"features.0.weight", "features.4.weight"}),
        (("*.bias",), {name for name in ALL if name.endswith(".bias")}),
        (("hidden", "hidden.weight"), {"hidden.weight", "hidden.bias"}),
    ],
)
def test_a_glob_names_parameters_or_modules(patterns, expected):
    network = model()
    freeze(network, patterns)
    assert frozen(network) == expected | ({"hidden.bias"} & set(patterns))


@pytest.mark.parametrize(
    ("pattern", "nearest"),
    [("feature", "features"), ("hiden.weight", "hidden.weight"), ("Hidden", "hidden"), ("", "")],
)
def test_a_glob_that_matches_nothing_names_the_nearest(pattern, nearest):
    with pytest.raises(InputError, match=r"model\.freeze = .*: matches no parameter") as caught:
        freeze(model(), ["hidden", pattern])
    assert nearest in caught.value.hint


def test_a_model_of_which_all_is_frozen_is_refused():
    with pytest.raises(InputError, match=r"leaves no parameter to train"):
        freeze(model(), ["*"])


@pytest.mark.parametrize("patterns", [("features",), ("features.1", "features.5"), ("*.[15].*",)])
def test_a_frozen_norm_keeps_its_statistics_and_normalises_by_them(patterns):
    network = model()
    freeze(network, patterns)
    network.eval()
    network.train()
    images = torch.randn(4, 1, 8, 8)
    norm = network.features[1]
    before = copy.deepcopy(norm.state_dict())
    running = (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    expected = nn.functional.batch_norm(images.expand(4, 2, 8, 8), *running)
    torch.testing.assert_close(norm(images.expand(4, 2, 8, 8)), expected)
    network(images)
    assert not any(norm.group_sums.any() for norm in network.modules() if is_norm(norm))
    assert all(torch.equal(before[name], value) for name, value in norm.state_dict().items())


def test_a_norm_with_one_frozen_parameter_is_trained_on():
    network = model()
    freeze(network, ["*.bias"])
    network.train()(torch.randn(4, 1, 8, 8))
    assert all(norm.group_sums.any() for norm in network.modules() if is_norm(norm))


def test_a_norm_without_statistics_normalises_as_before():
    network = convert_batch_norm(nn.Sequential(nn.BatchNorm1d(2, track_running_stats=False)), 2)
    network.append(nn.Linear(2, 3))
    freeze(network, ["0"])
    x = torch.randn(4, 2)
    assert network.train()[0].training
    torch.testing.assert_close(network[0](x)[:2].mean(dim=0), torch.zeros(2), atol=1e-6, rtol=0)


def test_a_norm_is_restored_as_torchs():
    network = convert_batch_norm(nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 3)), 2)
    freeze(network, ["0"])
    restore_batch_norm(network)
    assert type(network[0]) is nn.BatchNorm1d
    assert network.train()[0].training


def is_norm(module):
    return isinstance(module, GhostBatchNorm)
