"""The gradient of a whole update is shortened, on any number of ranks and however it is cut."""

from math import prod

import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.training import state as state_module
from bsgrow.training.group.process_group import ALONE
from bsgrow.training.job import prepare
from bsgrow.training.state import State
from bsgrow.training.updates import updates_made
from tests.training.ranks import Ranks, job_of

LR, CLIP = 0.5, 0.01
SHORT = [
    f"schedule.epochs={96 / 1437}",
    f"schedule.lr={LR}",
    "schedule.global_batch_size=96",
    "schedule.curve={name='ConstantLR', factor=1.0}",
    "growth.mode=decay",
    "optimizer={name='sgd', momentum=0.0, weight_decay=0.0}",
    "run.ghost_batch_size=8",
    "run.device=cpu",
]


def one_layer(name, arguments, *, num_classes, form, **others):
    return nn.Sequential(nn.Flatten(), nn.Linear(prod(form.shape), num_classes))


def step_of(clip_norm, world_size=1, micro_batch_size=32):
    """Return what the only update of a run adds to the weights, float32 [num_parameters]."""
    given = [f"run.micro_batch_size={micro_batch_size}"]
    given += [f"optimizer.clip_norm={clip_norm}"] if clip_norm else []
    recipe = load_recipe("digits", SHORT + given)
    whole = prepare(recipe, plan_recipe(recipe))
    ranks = Ranks(world_size)
    jobs = [job_of(whole, group) for group in ([ALONE] if world_size == 1 else ranks.groups)]
    states = [State.initial(job) for job in jobs]
    before = parameters_to_vector(states[0].model.parameters()).detach().clone()
    made = ranks.run(lambda rank: len(list(updates_made(jobs[rank], states[rank]))))
    assert made == [1] * world_size
    afters = [parameters_to_vector(state.model.parameters()).detach() for state in states]
    assert all(torch.equal(after, afters[0]) for after in afters)
    return afters[0] - before


@pytest.fixture(autouse=True)
def small_model(monkeypatch):
    monkeypatch.setattr(state_module, "build_model", one_layer)


@pytest.mark.parametrize(("world_size", "micro_batch_size"), [(1, 96), (1, 8), (3, 8)])
def test_a_longer_gradient_has_that_length(world_size, micro_batch_size):
    whole, clipped = step_of(None), step_of(CLIP, world_size, micro_batch_size)
    assert whole.norm() > 2 * LR * CLIP
    torch.testing.assert_close(clipped, whole * (LR * CLIP / whole.norm()), rtol=1e-3, atol=1e-7)


def test_a_shorter_one_is_left_to_the_bit():
    assert torch.equal(step_of(1e6), step_of(None))
