"""Each optimizer makes the same updates on any number of ranks."""

import pytest
import torch
from torch.nn.utils import parameters_to_vector

from bsgrow.schedule.optimizers import OPTIMIZERS
from bsgrow.training.updates import updates_made
from tests.training.linear_layers import states_on_ranks, use_linear_layers

GROWS = [
    *("growth.mode=grow", "growth.max_batch_size=400", "growth.rule=sqrt"),
    "schedule.curve={name='MultiStepLR', milestones=[0.06, 0.16], gamma=0.8}",
]


def updated(name, world_size, num_samples, *settings):
    """Return where updates lead, float32 [num_parameters], where they began, and a state after."""
    momentum = 0.9 if OPTIMIZERS[name].has_momentum else 0.0
    optimizer = f"optimizer={{name='{name}', momentum={momentum}, weight_decay=0.01}}"
    given = (optimizer, "schedule.lr=0.01", *settings)
    ranks, jobs, states = states_on_ranks(world_size, num_samples // 96, *given)
    before = parameters_to_vector(states[0].model.parameters()).detach().clone()
    made = ranks.run(lambda rank: len(list(updates_made(jobs[rank], states[rank]))))
    assert made == [3] * world_size
    afters = [parameters_to_vector(state.model.parameters()).detach() for state in states]
    assert all(torch.equal(after, afters[0]) for after in afters), "the ranks are alike to the bit"
    return afters[0], before, states[0]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_ranks_learn_what_one_does(name, monkeypatch):
    use_linear_layers(monkeypatch, 16)
    (alone, before, _), (together, _, _) = (updated(name, size, 3 * 96) for size in (1, 2))
    assert (alone - before).norm() > 1e-3
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-6)


def constants(state):
    (group,) = state.optimizer.param_groups
    return {key: group[key] for key in ("betas", "eps", "weight_decay")}


def test_constants_that_go_with_the_batch_are_those_of_one_rank(monkeypatch):
    """Of the whole update, not of what a rank has of it."""
    use_linear_layers(monkeypatch, 16)
    grown = 96 + 150 + 234
    still, _, _ = updated("adamw", 1, grown, *GROWS, "growth.rescale=[]")
    (alone, _, one), (together, _, two) = (updated("adamw", n, grown, *GROWS) for n in (1, 2))
    assert constants(two) == constants(one)
    assert one.optimizer.param_groups[0]["betas"][0] == pytest.approx(0.9 ** (234 / 96), rel=1e-3)
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-6)
    assert (alone - still).norm() > 1e-3
