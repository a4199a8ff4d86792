"""Adam's constants and a decoupled weight decay go with the batch of each update."""

import copy
import shutil

import pytest
import torch
from torch import nn

from bsgrow.recipe import OptimizerConfig, load_recipe
from bsgrow.schedule import Growth, Reference, Update, compile_plan
from bsgrow.training import InterruptedRunError, RunDirectory, carry_out
from bsgrow.training.averaged import Averaged
from bsgrow.training.optimizers import build_optimizer
from bsgrow.training.update import apply
from bsgrow.training.update_sums import norm_steps
from tests.training.test_training_keys import TINY, require_same, saved

DECAY, EPS, BETAS = 0.1, 1e-3, (0.9, 0.99)
MOVING = ("adam", "weight_decay")
STEPS = {"name": "MultiStepLR", "milestones": [1.5, 3], "gamma": 0.6}
PLAN = compile_plan(Reference(4.1, 0.05, 8, curve=STEPS), Growth(rule="sqrt", lr_scale=1.3), 240)


def parameters(dtype=torch.float32):
    torch.manual_seed(0)
    return [nn.Parameter(torch.randn(shape, dtype=dtype)) for shape in ((3, 5), (7,))]


def built(name, own, moving=MOVING):
    """An optimizer of a matrix, and of a vector without weight decay."""
    momentum = 0.9 if name == "muon" else 0.0
    config = OptimizerConfig(name=name, betas=BETAS, eps=EPS, weight_decay=DECAY, momentum=momentum)
    matrix, vector = own
    groups = [{"params": [matrix]}, {"params": [vector], "weight_decay": 0.0}]
    if name == "muon":
        groups[0]["is_hidden"] = True
    return build_optimizer(config, groups, 1.0, moving)


def step(optimizer, own, update):
    for each in own:
        each.grad = (3 * each.detach()).sin()
    apply(optimizer, update)


def adam_by_samples(name, w, g, state, update, decay):
    """A step with β^κ, ε/√κ and λ·√κ; the bias is that of the samples consumed."""
    ratio = update.global_batch_size / 8
    b1, b2 = BETAS[0] ** ratio, BETAS[1] ** ratio
    if name == "adam":
        g = g + decay * w
    state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
    state["v"] = b2 * state.get("v", 0) + (1 - b2) * g.square()
    m = state["m"] / (1 - BETAS[0] ** (update.stop / 8))
    v = state["v"] / (1 - BETAS[1] ** (update.stop / 8))
    if name == "adamw":
        w = w * (1 - update.lr * decay * ratio**0.5)
    return w - update.lr * m / (v.sqrt() + EPS / ratio**0.5)


def test_the_plan_grows_from_the_start_and_its_last_update_is_cut():
    sizes = list(dict.fromkeys(update.global_batch_size for update in PLAN.updates()))
    assert sizes == [13, 37, 104, 42]


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_adam_is_that_of_the_reference_at_the_same_sample(name):
    ours, theirs, states = parameters(torch.float64), parameters(torch.float64), [{}, {}]
    optimizer = built(name, ours)
    for update in PLAN.updates():
        step(optimizer, ours, update)
        for p, state, decay in zip(theirs, states, (DECAY, 0.0), strict=True):
            g = (3 * p.detach()).sin()
            p.data = adam_by_samples(name, p.detach(), g, state, update, decay)
        counted = optimizer.state[ours[0]]["step"].item()
        assert counted == pytest.approx(update.stop / update.global_batch_size, rel=1e-6)
    for actual, wanted in zip(ours, theirs, strict=True):
        torch.testing.assert_close(actual, wanted, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["adam", "adamw", "nadam", "lamb", "muon"])
def test_a_state_that_is_saved_and_loaded_is_multiplied_once(name):
    ours, theirs = parameters(), parameters()
    optimizer = built(name, ours)
    first, second = (list(PLAN.updates())[part] for part in (slice(0, 7), slice(7, None)))
    for update in first:
        step(optimizer, ours, update)
    other = built(name, theirs)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for p, own in zip(theirs, ours, strict=True):
        p.data = own.detach().clone()
    for update in second:
        step(optimizer, ours, update)
        step(other, theirs, update)
    assert all(torch.equal(*pair) for pair in zip(ours, theirs, strict=True))
    require_same(other.state_dict(), optimizer.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("name", "moved"), [("adam", [0.0, 0.0]), ("adamw", [1, 0]), ("lamb", [0, 0]), ("muon", [1, 0])]
)
def test_a_decoupled_weight_decay_alone_moves_and_none_stays_none(name, moved):
    own = parameters()
    optimizer = built(name, own)
    (update,) = [PLAN.update(9)]
    step(optimizer, own, update)
    matrix, vector = optimizer.param_groups
    ratio = (update.global_batch_size / 8) ** 0.5
    assert matrix["weight_decay"] == pytest.approx(DECAY * (ratio if moved[0] else 1), rel=1e-12)
    assert vector["weight_decay"] == 0


def test_what_is_switched_off_leaves_no_trace():
    own = parameters()
    optimizer = built("adamw", own, ())
    for update in PLAN.updates():
        step(optimizer, own, update)
    plain = torch.optim.AdamW(own).param_groups[0]
    for group in optimizer.param_groups:
        assert group.keys() == plain.keys()
        assert (group["betas"], group["eps"]) == (BETAS, EPS)
    assert optimizer.state[own[0]]["step"].item() == PLAN.num_updates


ADAMW = [
    *TINY,
    *("optimizer.name=adamw", "optimizer.momentum=0", "optimizer.weight_decay=0.1"),
    *("schedule.lr=0.01", "growth.rule=sqrt", "schedule.epochs=0.3"),
]
BEFORE = 'growth.rescale=["batch_norm"]'


def run(folder, recipe, *, resume=False, stop=lambda: False):
    directory = RunDirectory(folder)
    return carry_out(recipe, directory, resume=resume, on_event=lambda _: 0, should_stop=stop)


def test_a_run_that_began_before_constants_moved_goes_on_without(tmp_path):
    """As the version before has written it, whose recipe.toml has no growth.rescale."""
    expected = run(tmp_path / "never", load_recipe("digits", [*ADAMW, BEFORE]))
    calls = iter([False, False, False, True])
    with pytest.raises(InterruptedRunError):
        run(tmp_path / "old", load_recipe("digits", [*ADAMW, BEFORE]), stop=lambda: next(calls))
    written = tmp_path / "old" / "recipe.toml"
    text = written.read_text()
    old = text.replace('rescale = [\n    "batch_norm",\n]\n', "")
    assert old != text
    written.write_text(old)
    shutil.copytree(tmp_path / "old", tmp_path / "copy")
    own = load_recipe(str(written))  # as `bsgrow train --resume` reads it
    assert run(tmp_path / "old", own, resume=True).weights_sha256 == expected.weights_sha256
    again = run(tmp_path / "copy", load_recipe("digits", ADAMW), resume=True)
    assert again.weights_sha256 == expected.weights_sha256
    assert "initial_betas" not in saved(tmp_path / "copy")["optimizer"]["param_groups"][0]
    assert run(tmp_path / "new", load_recipe("digits", ADAMW)).weights_sha256 != (
        expected.weights_sha256
    )


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ([], None),  # B/g, see RunningStatistics
        (["growth.rescale=[]"], 1.0),
        (["run.batch_norm=batch"], 3.5),
        (["run.batch_norm=batch", 'growth.rescale=["adam"]'], 1.0),
    ],
)
def test_the_momentum_of_batch_norms_is_that_of_an_update_of_the_reference(settings, wanted):
    update = Update(4, 64, 120, lr=0.1, momentum=0.9, batch_ratio=56 / 16)
    assert norm_steps(load_recipe("digits", settings))(update) == wanted


@pytest.mark.parametrize(("size", "wanted"), [(8, 0.9**3), (None, 0.9)])
def test_averaged_weights_forget_by_samples_or_by_updates(size, wanted):
    averaged = Averaged(model := nn.Linear(1, 1), 0.9, size)
    nn.init.zeros_(averaged.module.weight)
    nn.init.ones_(model.weight)
    averaged.take(24)
    assert averaged.module.weight.item() == pytest.approx(1 - wanted, rel=1e-6)
