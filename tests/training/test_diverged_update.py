"""A loss that is not finite ends a run before the update, and the message names the sample."""

import math
import re
from dataclasses import replace

import pytest
import torch

from bsgrow.loading import UpdateBatches
from bsgrow.loading.loader import Faultless
from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.stream import SampleStream
from bsgrow.training import DivergedRunError, RunDirectory
from bsgrow.training.checkpoint.checkpoint import content_of
from bsgrow.training.group.process_group import ALONE
from bsgrow.training.job import prepare
from bsgrow.training.loop import train_job
from bsgrow.training.loss_guard import LossGuard
from bsgrow.training.state import State
from tests.training.ranks import Ranks, job_of

BAD = 20  # index of the update
SHORT = [
    "schedule.epochs=0.5",
    "schedule.global_batch_size=16",
    "growth.mode=decay",
    "schedule.curve.milestones=[0.1, 0.3]",
    "optimizer={name='sgd', momentum=0.9, weight_decay=1e-3}",
    "run.ghost_batch_size=4",
    "run.micro_batch_size=8",
    "run.device=cpu",
    "run.log_every_seconds=1e6",
    "run.checkpoint_every_seconds=1e6",
]


@pytest.fixture(scope="module")
def job():
    recipe = load_recipe("digits", SHORT)
    return prepare(recipe, plan_recipe(recipe))


class Poisoned(Faultless):
    """A loader with some samples that are no numbers.

    Attributes:
        positions: of them in the stream.
    """

    may_fail_midway = False

    def __init__(self, loader, positions):
        self._loader, self._positions = loader, positions
        self.evaluation = loader.evaluation

    def updates(self, updates):
        for update, micro_batches in self._loader.updates(updates):
            yield UpdateBatches(update, map(self._poisoned, micro_batches))

    def _poisoned(self, micro_batch):
        images = micro_batch.images.clone()
        for position in self._positions:
            if micro_batch.start <= position < micro_batch.stop:
                images[position - micro_batch.start, 0, 0, 0] = math.nan
        return micro_batch._replace(images=images)


def train(job, folder, positions, world_size, defers, should_stop=lambda state: False):
    """What each rank raised, and its state then."""
    ranks = Ranks(world_size)
    groups = [ALONE] if world_size == 1 else ranks.groups
    parts = [job_of(job, group) for group in groups]
    jobs = [replace(part, loader=Poisoned(part.loader, positions)) for part in parts]
    states = [State.initial(each) for each in jobs]
    for state in states:
        state.guard = LossGuard(state.optimizer, job.device, defers=defers)

    def part(rank):
        return train_job(
            *(jobs[rank], states[rank], RunDirectory(folder, rank)),
            on_event=lambda event: None,
            should_stop=lambda: should_stop(states[rank]),
        )

    folder.mkdir(exist_ok=True)
    return ranks.run(part), states


def content(state, job):
    """All that a checkpoint has, less the time, and the lr that each update sets anew."""
    position = replace(state.position(), elapsed_seconds=0.0)
    found = content_of(job.identity, position, state.model, state.optimizer)
    return {**found, "optimizer": found["optimizer"]["state"]}


def assert_same(ours, theirs):
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys()
        ours, theirs = [*ours.values()], [theirs[key] for key in ours]
    if isinstance(ours, list):
        assert len(ours) == len(theirs)
        for pair in zip(ours, theirs, strict=True):
            assert_same(*pair)
    else:
        same = torch.equal if isinstance(ours, torch.Tensor) else lambda a, b: a == b
        assert same(ours, theirs)


@pytest.mark.parametrize("defers", [False, True])
@pytest.mark.parametrize("world_size", [1, 3])
@pytest.mark.parametrize("bad", [0, BAD])
def test_the_state_is_that_before_and_the_sample_is_named(job, tmp_path, world_size, defers, bad):
    """On the device, where the host does not wait, it shows at the next report; nothing differs."""
    update = job.plan.update(bad)
    position = update.stop - 3
    _, states = made_until(job, tmp_path / "before", world_size, bad)
    results, after = train(job, tmp_path / "run", [position], world_size, defers)
    _, sample = SampleStream(job.plan.num_samples, job.recipe.run.seed)[position]
    named = f"that of sample {sample} at position {position}"
    where = f"{named}, on rank 2" if world_size > 1 else named
    loss = "not finite" if defers else "nan"
    for result, state, before in zip(results, after, states, strict=True):
        assert isinstance(result, DivergedRunError)
        assert result.message == (
            f"training diverged: the training loss is {loss} after update {bad + 1}: {where}"
        )
        assert (state.num_updates, state.cursor) == (bad, update.start)
        assert_same(content(state, job), content(before, job))
    assert [result.is_said for result in results] == [False, True, True][:world_size]


def made_until(job, folder, world_size, num_updates):
    """The states after so many updates with nothing bad."""
    if not num_updates:
        groups = [ALONE] * world_size
        return [], [State.initial(job_of(job, group)) for group in groups]
    return train(
        *(job, folder, [], world_size, False),
        should_stop=lambda state: state.num_updates + 1 == num_updates,
    )


@pytest.mark.parametrize(
    ("offsets", "said"),
    [
        (range(16), r", that of each of its 16 samples$"),
        ((9, 2), r": that of 2 of its 16 samples, the first of them sample \d+ at position 322, "),
    ],
)
def test_where_more_are_bad(job, tmp_path, offsets, said):
    start = job.plan.update(BAD).start
    results, _ = train(job, tmp_path, [start + each for each in offsets], 3, False)
    for result in results:
        assert re.search(said, result.message)


def test_a_loss_that_no_sample_has(job, tmp_path, monkeypatch):
    check, bad = LossGuard.check, job.plan.update(BAD)

    def poisoned(guard, sums, num_samples, num_updates):
        if num_updates == bad.index + 1:
            sums.totals.sums.fill_(math.nan)
        check(guard, sums, num_samples, num_updates)

    monkeypatch.setattr(LossGuard, "check", poisoned)
    results, _ = train(job, tmp_path, [], 2, False)
    for result in results:
        assert result.message.endswith(
            "though that of each of its samples is finite when computed again"
        )
