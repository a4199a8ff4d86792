"""What an update does not come to stays as it is, on any number of ranks."""

import pytest
import torch
from torch import nn

from bsgrow.models import build_model
from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.training import initial_model
from bsgrow.training.job import prepare
from bsgrow.training.state import State
from bsgrow.training.updates import updates_made
from tests.training.ranks import Ranks, job_of
from tests.training.test_many_ranks import SHORT


class Spare(nn.Module):
    """A network with a layer that only the first micro-batches come to.

    Attributes:
        left: how many do.
    """

    def __init__(self, network, num_used):
        super().__init__()
        self.network, self.spare = network, nn.Parameter(torch.ones(3))
        self.left = num_used

    def forward(self, images):
        self.left -= 1
        logits = self.network(images)
        return logits if self.left < 0 else logits + self.spare.sum() * logits


@pytest.fixture
def job():
    recipe = load_recipe("digits", SHORT)
    return prepare(recipe, plan_recipe(recipe))


@pytest.mark.parametrize("num_used", [0, 3])
def test_it_is_not_decayed(job, monkeypatch, num_used):
    """Updates of 16 samples at first: rank 0 has them, and the others are to hear of it."""
    monkeypatch.setattr(
        initial_model, "build_model", lambda *a, **k: Spare(build_model(*a, **k), num_used)
    )
    assert job.plan.update(num_used).global_batch_size == 16
    found = [spares(job, world_size) for world_size in (1, 2)]
    alone, first, second = (each for of_world in found for each in of_world)
    assert len(alone) == job.plan.num_updates
    for ours in (first, second):
        torch.testing.assert_close(ours, alone, rtol=1e-4, atol=0.0)
    assert all(torch.equal(spare, alone[-1]) for spare in alone[num_used:])
    assert torch.equal(alone[-1], torch.ones(3)) == (num_used == 0)


def spares(job, world_size):
    """The spare layer of each rank after each update."""
    ranks = Ranks(world_size)
    jobs = [job_of(job, group) for group in ranks.groups]
    states = [State.initial(each) for each in jobs]
    for state in states[1:]:
        state.model.left = 0

    def train(rank):
        states[rank].model.train()
        spare = states[rank].model.spare
        return [spare.detach().clone() for _ in updates_made(jobs[rank], states[rank])]

    return ranks.run(train)
