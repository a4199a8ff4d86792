"""The size of micro-batch that is measured: its choice, the trials, and what becomes of it."""

import weakref
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.recipe import load_recipe, make_planned, plan_recipe, recipe_fingerprint, resolve
from bsgrow.training import InterruptedRunError, RunDirectory, carry_out, measuring
from bsgrow.training.decisions import Decisions
from bsgrow.training.events.measured import MicroBatchFound
from bsgrow.training.job import prepare
from bsgrow.training.measuring import find_micro_batch_size, has_time, state_bytes, tried
from bsgrow.training.micro_batch_size import Trial, candidates, chosen, described, with_found_size
from bsgrow.training.state import State

AUTO = "run.micro_batch_size=auto"
TINY = [
    'model={name="wide_resnet",depth=10,width=1}',
    "schedule.epochs=0.1",
    "schedule.global_batch_size=16",
    "schedule.curve.milestones=[0.03, 0.06]",
    "growth.max_batch_size=64",
    "run.ghost_batch_size=8",
    "run.device=cpu",
    "run.checkpoint_every_seconds=0",
]


def plan(*sizes):
    return SimpleNamespace(phases=[SimpleNamespace(global_batch_size=size) for size in sizes])


@pytest.mark.parametrize(
    ("sizes", "world_size", "expected"),
    [
        ((16,), 1, [16]),
        ((16, 64, 32), 1, [16, 32, 64]),
        ((100,), 1, [16, 32, 64, 112]),
        ((100,), 2, [16, 32, 64]),
        ((100,), 8, [16]),
    ],
)
def test_candidates_are_whole_ghost_batches_up_to_a_share(sizes, world_size, expected):
    assert candidates(plan(*sizes), 16, world_size) == expected


@given(st.integers(1, 10**6), st.integers(1, 500), st.integers(1, 64))
def test_candidates_rise_and_the_last_takes_a_whole_share(size, ghost, world_size):
    found = candidates(plan(size), ghost, world_size)
    assert found == sorted(set(found))
    assert not any(each % ghost for each in found)
    assert 0 <= found[-1] * world_size - size < ghost * world_size


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        ([Trial(16, 1.0)], 16),
        ([Trial(16, 1.0), Trial(32, 1.0), Trial(64, 2.0)], 64),
        ([Trial(16, 1.0), Trial(32, 1.0), Trial(64, 2.05)], 64),
        ([Trial(16, 1.0), Trial(32, 1.0), Trial(64, 2.1)], 32),
        ([Trial(16, 1.0), Trial(32, 3.0)], 16),
        ([Trial(16, 1.0), Trial(32, None)], 16),
        ([Trial(16, None)], 16),
    ],
)
def test_the_largest_that_is_nearly_the_fastest_is_chosen(trials, expected):
    assert chosen(trials) == expected


def test_what_would_take_longer_than_a_minute_is_not_tried():
    assert has_time([Trial(16, 1.0), Trial(32, 2.0)], 64)
    assert has_time([Trial(16, 1.0), Trial(32, 5.0)], 64) is False


def test_trials_are_told_in_a_line():
    assert described([Trial(16, 0.5), Trial(32, None)]) == "16: 32/s, 32: no room"


def job_of(*settings):
    recipe = make_planned(load_recipe("digits", [*TINY, *settings])).recipe
    return prepare(resolve(recipe, 1), plan_recipe(recipe))


@pytest.fixture(scope="module")
def job():
    return job_of(AUTO)


def clock():
    ticks = iter(range(1000))
    return lambda: next(ticks)


def contents(state):
    """All that a trial might change."""
    optimizer, model = state.optimizer.state_dict(), state.model
    buffers = dict(model.named_buffers())
    sums, *_ = state.sums.totals.read()
    return [torch.get_rng_state(), *model.state_dict().values(), *buffers.values()], (
        optimizer,
        sums,
        [each.grad for each in model.parameters()],
        model.training,
    )


def test_trials_leave_no_trace(job):
    state = State.initial(job)
    tensors, others = contents(state)
    before = [each.clone() for each in tensors]
    trials = tried(job, state, [8, 16], clock())
    after, others_after = contents(state)
    assert trials == [Trial(8, 1), Trial(16, 1)]
    assert all(map(torch.equal, after, before))
    assert others_after == others


def test_what_slows_a_pass_does_not_count(job):
    slow = iter([3, 1, 1, 3, 3, 1, 1, 1])
    times = [0]

    def now():
        times.append(times[-1] + (next(slow) if len(times) % 2 == 0 else 0))
        return times[-1]

    assert tried(job, State.initial(job), [8, 16], now) == [Trial(8, 1), Trial(16, 1)]


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, MemoryError])
def test_the_search_ends_where_memory_does(job, monkeypatch, error):
    def passes(job, model, size):
        if size > 16:
            raise error

    monkeypatch.setattr(measuring, "pass_blanks", passes)
    trials = tried(job, State.initial(job), [8, 16, 32, 64], clock())
    assert trials == [Trial(8, 1), Trial(16, 1), Trial(32, None)]


def test_a_pass_that_ran_out_of_memory_leaves_none_behind(job, monkeypatch):
    """Nor what was kept for a backward pass that never came."""
    made = []

    def passes(job, model, size):
        made.append(weakref.ref(torch.zeros(size, requires_grad=True).sigmoid()))
        raise torch.OutOfMemoryError

    monkeypatch.setattr(measuring, "pass_blanks", passes)
    assert tried(job, State.initial(job), [8], clock()) == [Trial(8, None)]
    assert [each() for each in made] == [None]


def test_what_the_host_has_no_memory_for_is_not_tried(job, monkeypatch):
    monkeypatch.setattr(measuring, "_free_on_host", lambda: 1000)
    assert [each.size for each in tried(job, State.initial(job), [8, 16], clock())] == [8]


@pytest.mark.parametrize(
    ("optimizer", "times", "more"),
    [("{name='sgd', momentum=0.9}", 1, 0), ("{name='adamw'}", 2, 4)],
    ids=["a momentum", "two averages, and a count"],
)
def test_room_is_left_for_what_the_optimizer_will_remember(monkeypatch, optimizer, times, more):
    job = job_of(AUTO, f"optimizer={optimizer}")
    state = State.initial(job)
    to_come = state_bytes(job, state)
    assert to_come == sum(times * each.nbytes + more for each in state.model.parameters())
    cuda = torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (100 + to_come, 1000))
    assert measuring._has_reserve(cuda, to_come)
    assert not measuring._has_reserve(cuda, to_come + 1)


def test_an_error_of_the_model_is_no_lack_of_memory(job, monkeypatch):
    def fails(job, model, size):
        raise RuntimeError("the model's")

    monkeypatch.setattr(measuring, "pass_blanks", fails)
    with pytest.raises(RuntimeError, match="the model's"):
        tried(job, State.initial(job), [8])


@pytest.fixture
def found(monkeypatch):
    """Trials that find 32, and how often they were made."""
    calls = []

    def measured(job, state, sizes):
        calls.append(sizes)
        return [Trial(16, 1.0), Trial(32, 1.0), Trial(64, 9.0)]

    monkeypatch.setattr(measuring, "tried", measured)
    return calls


def test_all_processes_take_the_smallest_that_one_has_found(found):
    job = job_of(AUTO)
    job.group = SimpleNamespace(gather=lambda size: [size, 8], world_size=2)
    decisions = SimpleNamespace(together=lambda work: work())
    find_micro_batch_size(job, None, decisions)
    assert found == [[8, 16, 32]]
    assert (job.micro_batch_size, job.recipe.run.micro_batch_size) == (8, 8)
    assert job.recipe.min_samples_per_device == 256, "as it was planned"


def test_nothing_is_measured_where_the_recipe_does_not_ask_for_it(found):
    job = job_of()
    find_micro_batch_size(job, None, Decisions(job.group))
    assert (found, job.micro_batch_size) == ([], 256)


def test_until_it_is_measured_it_is_the_default_and_it_makes_no_other_run():
    absent, auto = load_recipe("digits"), load_recipe("digits", [AUTO])
    assert auto.micro_batch_size == absent.micro_batch_size
    assert recipe_fingerprint(auto) == recipe_fingerprint(absent)
    recorded = load_recipe("digits", ["run.micro_batch_size=64"])
    assert with_found_size(auto, recorded).micro_batch_size == 64
    assert with_found_size(absent, recorded) == absent


def run(folder, *settings, resume=False, stop=lambda: False, on_event=lambda event: None):
    recipe = load_recipe("digits", [*TINY, *settings])
    return carry_out(
        recipe, RunDirectory(folder), resume=resume, on_event=on_event, should_stop=stop
    )


def test_what_was_found_is_told_recorded_and_reused(tmp_path, found):
    events = []
    calls = iter([False, True])
    with pytest.raises(InterruptedRunError):
        run(tmp_path / "run", AUTO, stop=lambda: next(calls), on_event=events.append)
    (told,) = [event for event in events if isinstance(event, MicroBatchFound)]
    assert told == MicroBatchFound(0, 32, "16: 16/s, 32: 32/s, 64: 7/s")
    recorded = load_recipe(RunDirectory(tmp_path / "run").find_recipe())
    assert recorded.run.micro_batch_size == 32
    resumed = run(tmp_path / "run", AUTO, resume=True)
    assert len(found) == 1
    set_by_hand = run(tmp_path / "other", "run.micro_batch_size=32")
    assert resumed.weights_sha256 == set_by_hand.weights_sha256
