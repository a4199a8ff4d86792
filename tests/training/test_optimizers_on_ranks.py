"""Each optimizer makes the same updates on any number of ranks."""

import pytest
import torch
from torch.nn.utils import parameters_to_vector

from bsgrow.schedule.optimizers import OPTIMIZERS
from bsgrow.training.updates import updates_made
from tests.training.linear_layers import states_on_ranks, use_linear_layers


def weights_of(name, world_size):
    """Return where three updates lead, float32 [num_parameters], and where they began."""
    momentum = 0.9 if OPTIMIZERS[name].has_momentum else 0.0
    optimizer = f"optimizer={{name='{name}', momentum={momentum}, weight_decay=0.01}}"
    ranks, jobs, states = states_on_ranks(world_size, 3, optimizer, "schedule.lr=0.01")
    before = parameters_to_vector(states[0].model.parameters()).detach().clone()
    made = ranks.run(lambda rank: len(list(updates_made(jobs[rank], states[rank]))))
    assert made == [3] * world_size
    afters = [parameters_to_vector(state.model.parameters()).detach() for state in states]
    assert all(torch.equal(after, afters[0]) for after in afters), "the ranks are alike to the bit"
    return afters[0], before


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_ranks_learn_what_one_does(name, monkeypatch):
    use_linear_layers(monkeypatch, 16)
    (alone, before), (together, _) = weights_of(name, 1), weights_of(name, 2)
    assert (alone - before).norm() > 1e-3
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-6)
