"""A run on several ranks, simulated in one process: one model, whatever each rank knows alone."""

import random
from dataclasses import replace
from functools import partial, reduce
from operator import or_

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.data import SampleError
from bsgrow.loading import UpdateBatches
from bsgrow.loading.loader import Faultless
from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.stream import Share
from bsgrow.training import InterruptedRunError, RunDirectory, read_events
from bsgrow.training.decisions import EndedElsewhereError, Vote
from bsgrow.training.events.events import (
    CheckpointSaved,
    Evaluated,
    Progress,
)
from bsgrow.training.job import prepare
from bsgrow.training.loop import train_job
from bsgrow.training.state import State
from bsgrow.training.step import Totals, accumulate
from bsgrow.training.stopwatch import Stopwatch
from bsgrow.training.updates import updates_made
from tests.training.ranks import Ranks, job_of

WORLD_SIZE = 3
NUM_WHOLE = 15  # updates before one that fails
# Ghost batches of 16: at first one an update, and so two of the three ranks have none.
SHORT = [
    "schedule.epochs=1",
    "schedule.global_batch_size=16",
    "schedule.curve.milestones=[0.1, 0.3]",
    "growth.max_batch_size=140",
    "optimizer={name='sgd', momentum=0.9, weight_decay=1e-3}",
    "model={name='wide_resnet', depth=10, width=1}",
    "run.ghost_batch_size=16",
    "run.micro_batch_size=32",
    "run.device=cpu",
    "run.evaluate_every_epochs=0.5",
    "run.log_every_seconds=1e6",
]


@pytest.fixture(scope="module")
def job():
    recipe = load_recipe("digits", SHORT)
    return prepare(recipe, plan_recipe(recipe))


@pytest.fixture(scope="module")
def whole(job):
    """The parameters that one rank comes to."""
    state = State.initial(job)
    state.model.train()
    assert sum(1 for _ in updates_made(job, state)) == job.plan.num_updates
    return parameters_of(state)


def parameters_of(state):
    return [parameter.detach() for parameter in state.model.parameters()]


def assert_one_model(states, whole):
    for state in states:
        assert all(map(torch.equal, parameters_of(state), parameters_of(states[0])))
    for ours, theirs in zip(parameters_of(states[0]), whole, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def test_every_rank_makes_every_update_at_one_reduction_each(job, whole):
    """Also those of which it has no sample; and what one wants done after it, all do."""
    ranks = Ranks(WORLD_SIZE)
    jobs = [job_of(job, group) for group in ranks.groups]
    states = [State.initial(each) for each in jobs]
    clocks = [random.Random(rank) for rank in range(WORLD_SIZE)]
    wishes = [Vote(0), Vote(0), Vote.REPORT, Vote.CHECKPOINT, Vote.EVALUATE]

    def train(rank):
        state, clock = states[rank], clocks[rank]
        state.model.train()
        return list(updates_made(jobs[rank], state, vote=lambda _: clock.choice(wishes)))

    made = ranks.run(train)
    assert [update for update, _ in made[0]] == list(job.plan.updates())
    assert made[1] == made[2] == made[0]
    assert all(len(votes) == job.plan.num_updates for votes in ranks.votes)
    decided = [reduce(or_, votes) for votes in zip(*ranks.votes, strict=True)]
    assert [each for _, each in made[0]] == decided
    assert_one_model(states, whole)
    assert {(state.num_updates, state.cursor) for state in states} == {
        (job.plan.num_updates, job.plan.num_total_samples)
    }
    last = Share(2, WORLD_SIZE, 16)
    assert last.run(0, 16) == (16, 16), "a share of none"


def train_ranks(
    job,
    folder,
    should_stop=lambda rank: False,
    seconds=0.0,
    part_of=job_of,
    show=lambda rank, event: None,
):
    """Train with a clock of its own on each rank."""
    ranks = Ranks(WORLD_SIZE)
    jobs = [part_of(job, group) for group in ranks.groups]
    states = [State.initial(each) for each in jobs]
    folder.mkdir(parents=True, exist_ok=True)

    def train(rank):
        state, ticks = states[rank], random.Random(rank)
        now = [0.0]

        def clock():
            now[0] += seconds * ticks.random()
            return now[0]

        state.stopwatch = Stopwatch(now=clock)
        return train_job(
            jobs[rank],
            state,
            RunDirectory(folder, rank),
            on_event=partial(show, rank),
            should_stop=lambda: should_stop(rank),
        )

    return ranks.run(train), states


def updates_of(folder, kind):
    """After which updates each rank had an event."""
    paths = [RunDirectory(folder, rank).events for rank in range(WORLD_SIZE)]
    return [[e.num_updates for e in read_events(path) if isinstance(e, kind)] for path in paths]


def test_whatever_their_clocks_all_evaluate_and_save_after_the_same_updates(job, whole, tmp_path):
    seconds = {"checkpoint_every_seconds": 7.0, "log_every_seconds": 0.0}
    often = replace(job, recipe=with_run(job.recipe, **seconds))
    results, states = train_ranks(often, tmp_path, seconds=1.0)
    assert {result.num_updates for result in results} == {job.plan.num_updates}
    assert len(updates_of(tmp_path, CheckpointSaved)[0]) >= 4
    for kind, least in ((Evaluated, 2), (Progress, job.plan.num_updates)):
        updates = updates_of(tmp_path, kind)
        assert updates[0] == updates[1] == updates[2]
        assert len(updates[0]) >= least
    assert_one_model(states, whole)
    waited = [waits_of(RunDirectory(tmp_path, rank)) for rank in range(WORLD_SIZE)]
    assert waited[0] == waited[1] == waited[2], "means over the ranks, the same to all"
    assert {slowest for *_, slowest in waited[0]} <= {0, 1, 2}


def waits_of(directory):
    """What each progress report of a rank says of waiting."""
    reports = [each for each in read_events(directory.events) if isinstance(each, Progress)]
    return [(e.data_wait_share, e.communication_share, e.slowest_rank) for e in reports]


def with_run(recipe, **values):
    return recipe.model_copy(update={"run": recipe.run.model_copy(update=values)})


def test_one_that_is_asked_to_stop_stops_all_and_all_go_on(job, whole, tmp_path):
    asked = [0] * WORLD_SIZE

    def should_stop(rank):
        asked[rank] += 1
        return rank == 1 and asked[rank] == 5

    results, _ = train_ranks(job, tmp_path, should_stop)
    assert all(isinstance(result, InterruptedRunError) for result in results)
    assert updates_of(tmp_path, CheckpointSaved) == [[5], [], []], "rank 0 writes"
    results, states = train_ranks(job, tmp_path)
    assert {result.num_updates for result in results} == {job.plan.num_updates}
    assert_one_model(states, whole)


class FailingLoader(Faultless):
    """A loader of which one micro-batch cannot be had."""

    may_fail_midway = True

    def __init__(self, loader, position, error):
        self._loader, self._position, self._error = loader, position, error
        self.evaluation = loader.evaluation

    def updates(self, updates):
        for update, micro_batches in self._loader.updates(updates):
            yield UpdateBatches(update, self._failing(micro_batches))

    def _failing(self, micro_batches):
        for each in micro_batches:
            if each.start <= self._position < each.stop:
                raise self._error
            yield each


@pytest.mark.parametrize(
    ("error", "reason", "saved"),
    [
        (SampleError("a.jpg", "is bad"), "a.jpg: is bad, in update 16", [NUM_WHOLE]),
        (ZeroDivisionError("by 0"), "ZeroDivisionError: by 0", []),
    ],
)
def test_where_one_fails_no_rank_applies_the_update(
    job, tmp_path, monkeypatch, error, reason, saved
):
    """Only that one says why; a bad sample leaves all as after the update before."""
    failed, apply, after = job.plan.update(NUM_WHOLE), State.apply, {}

    def noting(state, update):
        apply(state, update)
        after[id(state)] = [tensor.clone() for tensor in state.model.state_dict().values()]

    def failing(job, group):
        part = job_of(job, group)
        return replace(part, loader=FailingLoader(part.loader, failed.stop - 1, error))

    monkeypatch.setattr(State, "apply", noting)
    results, states = train_ranks(job, tmp_path, part_of=failing)
    assert results[-1] is error, "the last rank has the last samples"
    for result in results[:-1]:
        assert isinstance(result, EndedElsewhereError)
        assert result.message == f"rank 2: {reason}"
    assert [state.num_updates for state in states] == [NUM_WHOLE] * WORLD_SIZE
    assert updates_of(tmp_path, CheckpointSaved) == [saved, [], []]
    for state in states:
        assert all(map(torch.equal, after[id(state)], state.model.state_dict().values()))


def gradient_of(network, samples, share, size, micro_batch_size):
    """The gradient that a rank has of an update, in float64."""
    model = network().double()
    model.train()
    images, labels = samples(size)
    for start, stop, _, _ in share.micro_batches(0, size, micro_batch_size):
        part = slice(start, stop)
        accumulate(
            model,
            images[part].double(),
            labels[part],
            update_size=size,
            totals=Totals(torch.device("cpu")),
        )
    zero = torch.zeros((), dtype=torch.float64)
    return [zero if p.grad is None else p.grad for p in model.parameters()]


@settings(max_examples=10)
@given(size=st.integers(1, 40), world_size=st.integers(1, 5), num_ghosts=st.integers(1, 3))
def test_the_gradient_of_an_update_does_not_depend_on_the_ranks(
    network, samples, size, world_size, num_ghosts
):
    expected = gradient_of(network, samples, Share(ghost_batch_size=4), size, 1000)
    ranks = [
        gradient_of(network, samples, Share(rank, world_size, 4), size, 4 * num_ghosts)
        for rank in range(world_size)
    ]
    for whole, *parts in zip(expected, *ranks, strict=True):
        torch.testing.assert_close(sum(parts), whole, rtol=1e-9, atol=1e-12)
