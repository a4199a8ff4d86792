import pytest
import torch
from torch import nn

from bsgrow.errors import InputError
from bsgrow.models.freezing import freeze
from bsgrow.recipe import OptimizerConfig
from bsgrow.schedule.plan import Update
from bsgrow.training.optimizers import build_optimizer
from bsgrow.training.parameter_groups import ParameterGroup, as_torch_takes, parameter_groups
from bsgrow.training.update import apply


class Block(nn.Module):
    """Has a parameter of each kind."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.pos = nn.Parameter(torch.randn(1, 4))
        self.scale = nn.Parameter(torch.ones(4))
        self.conv = nn.Conv1d(4, 4, 1)
        self.norm = nn.GroupNorm(1, 4)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = (x + self.pos) * self.scale
        return self.head(self.norm(self.conv(x[..., None]))[..., 0])


BIASES = {"conv.bias", "norm.bias", "head.bias"}
NORMS = {"norm.weight", "norm.bias", "scale"}


def groups(model=None, **config):
    return parameter_groups(model or Block(), OptimizerConfig(**config), 3)


def test_by_default_there_is_one_group_as_torch_makes_it():
    model = Block()
    names = tuple(name for name, _ in model.named_parameters())
    assert groups(model) == [ParameterGroup(names)]
    (group,) = as_torch_takes(groups(model), model, 0.1)
    assert group.keys() == {"params"}
    assert all(one is two for one, two in zip(group["params"], model.parameters(), strict=True))


@pytest.mark.parametrize(
    ("exempt", "names"),
    [
        ({"bias"}, BIASES),
        ({"norm"}, NORMS),
        ({"bias", "norm"}, BIASES | NORMS),
        ({"pos"}, {"pos"}),
        ({"head", "bias"}, BIASES | {"head.weight"}),
    ],
)
def test_what_is_exempt_has_no_weight_decay(exempt, names):
    found = groups(decay_exempt=tuple(exempt))
    assert {name for group in found if not group.decays for name in group.names} == names
    both = [name for group in found for name in group.names]
    assert sorted(both) == sorted(name for name, _ in Block().named_parameters())


def test_a_pattern_that_exempts_nothing_names_the_nearest():
    with pytest.raises(InputError, match=r"optimizer\.decay_exempt = .*pose") as caught:
        groups(decay_exempt=("bias", "pose"))
    assert '"pos"' in caught.value.hint


def test_head_and_exemption_cross_and_the_frozen_are_in_no_group():
    model = Block()
    freeze(model, ["conv"])
    found = groups(model, decay_exempt=("bias", "norm"), head_lr_scale=10.0)
    assert {(group.names, group.lr_scale, group.decays) for group in found} == {
        (("pos",), 1.0, True),
        (("scale", "norm.weight", "norm.bias"), 1.0, False),
        (("head.weight",), 10.0, True),
        (("head.bias",), 10.0, False),
    }


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_each_group_goes_by_its_own_share_of_the_plan(name):
    ours, theirs = Block(), Block()
    config = OptimizerConfig(
        name=name,
        momentum=0.9 if name == "sgd" else 0.0,
        weight_decay=0.1,
        decay_exempt=("bias", "norm"),
        head_lr_scale=10.0,
    )
    optimizer = build_optimizer(config, as_torch_takes(groups_of(ours, config), ours, 1.0), 1.0)
    momentum = {"momentum": 0.9} if name == "sgd" else {}
    kind = torch.optim.SGD if name == "sgd" else torch.optim.AdamW
    named = dict(theirs.named_parameters())
    reference = [
        kind(
            [parameter],
            weight_decay=0.0 if each in BIASES | NORMS else 0.1,
            lr=10.0 if each.startswith("head") else 1.0,
            **momentum,
        )
        for each, parameter in named.items()
    ]
    x = torch.randn(5, 4)
    for update in (Update(0, 0, 5, 0.1, 0.9), Update(1, 5, 15, 0.03, 0.95)):
        for model in (ours, theirs):
            model(x).square().mean().backward()
        apply(optimizer, update)
        for one in reference:
            (group,) = one.param_groups
            is_head = any(group["params"][0] is each for each in theirs.head.parameters())
            group["lr"] = update.lr * (10 if is_head else 1)
            if momentum:
                group["momentum"] = update.momentum
            one.step()
            one.zero_grad()
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter, named[name], rtol=1e-5, atol=1e-6)


def groups_of(model, config):
    return parameter_groups(model, config, 3)


def test_muon_has_the_matrices_of_hidden_layers_alone():
    model = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 3))
    config = OptimizerConfig(name="muon", momentum=0.9)
    found = parameter_groups(model, config, 3)
    assert {(group.names, group.is_hidden) for group in found} == {
        (("0.weight", "1.bias", "2.weight", "2.bias", "3.weight", "3.bias"), False),
        (("1.weight",), True),
    }


def test_a_model_without_hidden_matrices_is_not_for_muon():
    config = OptimizerConfig(name="muon", momentum=0.9)
    with pytest.raises(InputError, match=r"the model has no hidden layer with a matrix"):
        parameter_groups(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(2, 3)), config, 3)
