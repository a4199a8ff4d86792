import sys

import pytest
import torch
from torch import nn

from bsgrow.errors import InputError
from bsgrow.recipe import OptimizerConfig, load_recipe
from bsgrow.recipe.reading import changed_recipe
from bsgrow.schedule.plan import Update
from bsgrow.training.optimizers import build_optimizer, set_hyperparameters
from bsgrow.training.update import apply

UPDATES = [
    Update(0, 0, 8, lr=0.1, momentum=0.9),
    Update(1, 8, 16, lr=0.1, momentum=0.9),
    Update(2, 16, 48, lr=0.05, momentum=0.95),
    Update(3, 48, 80, lr=0.02, momentum=0.95),
]


def parameters():
    torch.manual_seed(0)
    return [nn.Parameter(torch.randn(shape)) for shape in ((3, 5), (1001,), (2, 2, 3, 3))]


def steps(params, step):
    """Call ``step(update)`` per update, on gradients that depend on the parameters."""
    for update in UPDATES:
        for parameter in params:
            parameter.grad = (3 * parameter.detach()).sin()
        step(update)
    return params


@pytest.mark.parametrize(
    ("expected", "arguments"),
    [
        (torch.optim.SGD, {}),
        (torch.optim.SGD, {"momentum": 0.9}),
        (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}),
        (torch.optim.Adam, {}),
        (torch.optim.AdamW, {"betas": (0.8, 0.95), "weight_decay": 1e-2}),
        (torch.optim.AdamW, {}),
        (torch.optim.NAdam, {"betas": (0.8, 0.95), "weight_decay": 1e-2}),
        (torch.optim.Adam, {"betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 1e-2}),
    ],
)
def test_updates_are_those_of_torch(expected, arguments):
    ours, theirs = parameters(), parameters()
    config = OptimizerConfig(name=expected.__name__.lower(), **arguments)
    optimizer = build_optimizer(config, ours, lr=1.0)
    assert type(optimizer) is expected
    steps(ours, lambda update: apply(optimizer, update))

    arguments = {"weight_decay": 0.0} | arguments  # of AdamW alone the default is another
    reference = expected(theirs, lr=1.0, foreach=False, **arguments)

    def step(update):
        reference.param_groups[0]["lr"] = update.lr
        if expected is torch.optim.SGD:
            reference.param_groups[0]["momentum"] = update.momentum
        reference.step()

    steps(theirs, step)
    for actual, wanted in zip(ours, theirs, strict=True):
        torch.testing.assert_close(actual, wanted, rtol=1e-5, atol=1e-6)


def test_apply_frees_the_gradient():
    params = parameters()
    optimizer = build_optimizer(OptimizerConfig(), params, lr=1.0)
    steps(params, lambda update: apply(optimizer, update))
    assert all(parameter.grad is None for parameter in params)


def test_hyperparameters_reach_every_group_and_only_those_it_has():
    first, second, third = parameters()
    sgd = build_optimizer(OptimizerConfig(momentum=0.5), [first, second], lr=1.0)
    sgd.add_param_group({"params": [third]})
    update = Update(0, 0, 8, lr=0.25, momentum=0.75)
    set_hyperparameters(sgd, update)
    assert [(g["lr"], g["momentum"]) for g in sgd.param_groups] == [(0.25, 0.75)] * 2
    adam = build_optimizer(OptimizerConfig(name="adam"), [first], lr=1.0)
    set_hyperparameters(adam, update)
    assert adam.param_groups[0]["lr"] == 0.25
    assert adam.param_groups[0]["betas"] == (0.9, 0.999)
    assert "momentum" not in adam.param_groups[0]


def test_steps_are_the_same_bits_for_any_number_of_threads():
    config = OptimizerConfig(momentum=0.9, nesterov=True, weight_decay=5e-4)
    num_threads = torch.get_num_threads()
    results = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            params = [
                nn.Parameter(p.detach().repeat(5, *[1] * (p.dim() - 1))) for p in parameters()
            ]
            optimizer = build_optimizer(config, params, lr=1.0)
            results.append(steps(params, lambda u, o=optimizer: apply(o, u)))
    finally:
        torch.set_num_threads(num_threads)
    assert all(torch.equal(one, two) for one, two in zip(*results, strict=True))


def lars(w, g, state, lr, momentum, decay=0.1, trust=0.001):
    """One step of arXiv 1708.03888, Algorithm 1; vectors by SGD without decay."""
    if w.ndim > 1:
        g = trust * w.norm() / (g.norm() + decay * w.norm()) * (g + decay * w)
    state["v"] = momentum * state.get("v", torch.zeros_like(w)) + g
    return w - lr * state["v"]


def lamb(w, g, state, lr, momentum, decay=0.1, b1=0.9, b2=0.999, eps=1e-8):
    """One step of arXiv 1904.00962, Algorithm 2, the second moment as it is."""
    state["t"] = state.get("t", 0) + 1
    state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
    state["v"] = b2 * state.get("v", 0) + (1 - b2) * g.square()
    r = state["m"] / (state["v"].sqrt() + eps) + decay * w
    ratio = w.norm().clamp(max=10) / (r.norm() + eps)
    return w - lr / (1 - b1 ** state["t"]) * ratio * r


@pytest.mark.parametrize(("name", "reference"), [("lars", lars), ("lamb", lamb)])
def test_updates_are_those_of_the_paper(name, reference):
    ours, theirs, states = parameters(), parameters(), [{}, {}, {}]
    momentum = 0.9 if name == "lars" else 0.0
    config = OptimizerConfig(name=name, momentum=momentum, weight_decay=0.1)
    optimizer = build_optimizer(config, ours, lr=1.0)
    steps(ours, lambda update: apply(optimizer, update))
    for update in UPDATES:
        for p, state in zip(theirs, states, strict=True):
            g = (3 * p.detach()).sin()
            p.data = reference(p.detach(), g, state, update.lr, update.momentum)
    for actual, wanted in zip(ours, theirs, strict=True):
        torch.testing.assert_close(actual, wanted, rtol=1e-5, atol=1e-6)


def test_muon_steps_hidden_matrices_and_adamw_the_others():
    ours, theirs = parameters(), parameters()
    config = OptimizerConfig(name="muon", momentum=0.9, nesterov=True, weight_decay=0.1)
    groups = [{"params": ours[1:]}, {"params": ours[:1], "is_hidden": True}]
    optimizer = build_optimizer(config, groups, lr=1.0)
    steps(ours, lambda update: apply(optimizer, update))
    own = {"momentum": 0.9, "nesterov": True, "adjust_lr_fn": "match_rms_adamw"}
    muon = torch.optim.Muon(theirs[:1], weight_decay=0.1, **own)
    adamw = torch.optim.AdamW(theirs[1:], weight_decay=0.1)

    def step(update):
        muon.param_groups[0]["momentum"] = update.momentum
        for each in (muon, adamw):
            each.param_groups[0]["lr"] = update.lr
            each.step()

    steps(theirs, step)
    for actual, wanted in zip(ours, theirs, strict=True):
        torch.testing.assert_close(actual, wanted, rtol=1e-5, atol=1e-6)


def test_a_library_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytorch_optimizer", None)
    with pytest.raises(InputError, match=r'optimizer\.name = "lamb": needs') as caught:
        build_optimizer(OptimizerConfig(name="lamb"), parameters(), lr=1.0)
    assert "pip install 'bsgrow[optimizers]'" in caught.value.hint


def test_muon_needs_a_momentum():
    with pytest.raises(InputError, match=r"optimizer\.momentum = 0\.0: Muon") as caught:
        changed_recipe(load_recipe("digits"), {"optimizer": {"name": "muon"}})
    assert "optimizer.momentum = 0.95" in caught.value.hint


def test_no_momentum_grows_with_muon():
    changes = {"optimizer.name": "muon", "growth.momentum": 0.98}
    with pytest.raises(InputError, match=r"growth\.momentum = 0\.98: the step of Muon"):
        changed_recipe(load_recipe("digits"), changes)
