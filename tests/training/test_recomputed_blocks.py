"""Updates whose blocks are computed again are the same to the bit, on ranks, in any precision."""

import pytest
import torch

from bsgrow.training.updates import updates_made
from tests.training.linear_layers import states_on_ranks
from tests.training.test_training_keys import require_same

SMALL = [
    'model={name="wide_resnet",depth=10,width=1}',
    "schedule.global_batch_size=16",
    f"schedule.epochs={(2 * 16 - 0.5) / 1437}",
    "run.micro_batch_size=8",
]


def after_two_updates(world_size, *settings):
    """Return all that the model has then, of the first rank, and the precision it computed in."""
    ranks, jobs, states = states_on_ranks(world_size, 0, *SMALL, *settings)
    for state in states:
        state.model.train()
    made = ranks.run(lambda rank: len(list(updates_made(jobs[rank], states[rank]))))
    assert made == [2] * world_size
    return states[0].model.state_dict(), jobs[0].precision.autocast_dtype


@pytest.mark.parametrize(
    ("world_size", "precision", "dtype"),
    [(2, "float32", None), (1, "bfloat16", torch.bfloat16), (2, "float16", torch.float16)],
)
def test_they_are_the_same_to_the_bit(world_size, precision, dtype):
    given = f"run.precision={precision}"
    kept, computed_in = after_two_updates(world_size, given)
    again, _ = after_two_updates(world_size, given, "model.gradient_checkpointing=true")
    assert computed_in == dtype
    require_same(again, kept, rtol=0, atol=0)
