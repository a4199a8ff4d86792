"""The gradient of a whole update is shortened, on any number of ranks and however it is cut."""

import pytest
import torch
from torch.nn.utils import parameters_to_vector

from bsgrow.training.updates import updates_made
from tests.training.linear_layers import states_on_ranks, use_linear_layers

LR, CLIP = 0.5, 0.01
SGD = (f"schedule.lr={LR}", "optimizer={name='sgd', momentum=0.0, weight_decay=0.0}")


def step_of(clip_norm, world_size=1, micro_batch_size=32):
    """Return what the only update of a run adds to the weights, float32 [num_parameters]."""
    clipping = [f"optimizer.clip_norm={clip_norm}"] if clip_norm else []
    cut = f"run.micro_batch_size={micro_batch_size}"
    ranks, jobs, states = states_on_ranks(world_size, 1, *SGD, cut, *clipping)
    before = parameters_to_vector(states[0].model.parameters()).detach().clone()
    made = ranks.run(lambda rank: len(list(updates_made(jobs[rank], states[rank]))))
    assert made == [1] * world_size
    afters = [parameters_to_vector(state.model.parameters()).detach() for state in states]
    assert all(torch.equal(after, afters[0]) for after in afters)
    return afters[0] - before


@pytest.fixture(autouse=True)
def one_layer(monkeypatch):
    use_linear_layers(monkeypatch)


@pytest.mark.parametrize(("world_size", "micro_batch_size"), [(1, 96), (1, 8), (3, 8)])
def test_a_longer_gradient_has_that_length(world_size, micro_batch_size):
    whole, clipped = step_of(None), step_of(CLIP, world_size, micro_batch_size)
    assert whole.norm() > 2 * LR * CLIP
    torch.testing.assert_close(clipped, whole * (LR * CLIP / whole.norm()), rtol=1e-3, atol=1e-7)


def test_a_shorter_one_is_left_to_the_bit():
    assert torch.equal(step_of(1e6), step_of(None))
