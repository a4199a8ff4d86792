"""Networks of linear layers, which train in milliseconds in any precision, and ranks that do."""

from itertools import pairwise
from math import prod
from typing import Any

import pytest
from torch import nn

from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.training import initial_model
from bsgrow.training.group.process_group import ALONE
from bsgrow.training.job import Job, prepare
from bsgrow.training.state import State
from tests.training.ranks import Ranks, job_of

ONE_PHASE = (
    "growth.mode=decay",
    "schedule.curve={name='ConstantLR', factor=1.0}",
    "schedule.global_batch_size=96",
    "run.ghost_batch_size=8",
    "run.device=cpu",
)


def use_linear_layers(monkeypatch: pytest.MonkeyPatch, *hidden: int) -> None:
    """Let every model be one linear layer on the pixels, or more, with so many features between."""

    def build(
        name: str, arguments: Any, *, num_classes: int, form: Any, **others: Any
    ) -> nn.Module:
        sizes = pairwise((prod(form.shape), *hidden, num_classes))
        return nn.Sequential(nn.Flatten(), *(nn.Linear(*each) for each in sizes))

    monkeypatch.setattr(initial_model, "build_model", build)


def states_on_ranks(
    world_size: int, num_updates: int, *settings: str
) -> tuple[Ranks, list[Job], list[State]]:
    """Return the beginning of a run on digits, of updates of 96 samples, on ranks as threads."""
    given = [*ONE_PHASE, f"schedule.epochs={(96 * num_updates - 0.5) / 1437}", *settings]
    recipe = load_recipe("digits", given)
    whole = prepare(recipe, plan_recipe(recipe))
    ranks = Ranks(world_size)
    jobs = [job_of(whole, group) for group in ([ALONE] if world_size == 1 else ranks.groups)]
    return ranks, jobs, [State.initial(job) for job in jobs]
