"""What updates wait for, on a clock that the test turns."""

from dataclasses import replace

import pytest
import torch

from bsgrow.loading import UpdateBatches
from bsgrow.loading.loader import Faultless
from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.training import update_times as module
from bsgrow.training.device_clock import has_passed, mark, seconds_between
from bsgrow.training.group.process_group import ALONE, ProcessGroup
from bsgrow.training.job import prepare
from bsgrow.training.state import State
from bsgrow.training.update_times import UpdateTimes, Wait, WaitShares, shares_of
from bsgrow.training.updates import updates_made
from tests.training.ranks import Ranks, refuse_tensors
from tests.training.test_many_ranks import SHORT

CPU = torch.device("cpu")
LOADING, COMPUTING, SUMMING, DECIDING = 3.0, 10.0, 0.25, 5.0


class Clock:
    """Shows the seconds that were put on it."""

    def __init__(self):
        self.seconds = 0.0

    def pass_by(self, seconds):
        self.seconds += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "mark", lambda device: clock.seconds)
    return clock


class Other(ProcessGroup):
    """One of two processes; the other one is waited for, and has nothing to add."""

    world_size = 2

    def __init__(self, clock):
        self.clock, self.num_sums = clock, 0

    def begin_sum(self, tensor):
        self.num_sums += 1
        return self

    def wait(self):
        self.clock.pass_by(SUMMING)

    def combine(self, flags, num_bits):
        self.clock.pass_by(DECIDING)
        return flags


class SlowLoader(Faultless):
    """Takes a while for each micro-batch."""

    def __init__(self, loader, clock):
        self.loader, self.clock = loader, clock

    def updates(self, updates):
        for update, micro_batches in self.loader.updates(updates):
            yield UpdateBatches(update, self.slowly(micro_batches))

    def slowly(self, micro_batches):
        for micro_batch in micro_batches:
            self.clock.pass_by(LOADING)
            yield micro_batch


def test_an_update_computes_and_waits_for_data_and_for_the_others(clock):
    recipe = load_recipe("digits", SHORT)
    job = prepare(recipe, plan_recipe(recipe))
    group = Other(clock)
    job = replace(job, group=group, loader=SlowLoader(job.loader, clock))
    state = State.initial(job)
    forward = state.forward

    def slow_forward(*arguments):
        clock.pass_by(COMPUTING)
        return forward(*arguments)

    state.forward = slow_forward
    state.model.train()
    num_micro_batches = 0
    for update, _ in updates_made(job, state):
        num_micro_batches += -(-update.global_batch_size // job.micro_batch_size)
    others = SUMMING * group.num_sums + DECIDING * job.plan.num_updates
    assert group.num_sums >= job.plan.num_updates, "a bucket an update"
    assert state.times.take() == {Wait.DATA: LOADING * num_micro_batches, Wait.OTHERS: others}
    assert clock.seconds == (LOADING + COMPUTING) * num_micro_batches + others
    assert state.times.take() == dict.fromkeys(Wait, 0.0), "since the last report"


def test_a_wait_that_was_given_up_counts_for_nothing(clock):
    times = UpdateTimes(CPU)
    times.start(Wait.DATA)
    clock.pass_by(7.0)
    times.start(Wait.OTHERS)
    clock.pass_by(1.0)
    times.stop()
    assert times.take() == {Wait.DATA: 0.0, Wait.OTHERS: 1.0}


def test_marks_of_a_device_are_read_once_it_has_passed_them(monkeypatch):
    passed, marks = set(), iter(range(10_000))

    def between(first, last):
        assert {first, last} <= passed
        return float(last - first)

    monkeypatch.setattr(module, "mark", lambda device: next(marks))
    monkeypatch.setattr(module, "has_passed", passed.__contains__)
    monkeypatch.setattr(module, "seconds_between", between)
    times = UpdateTimes(CPU)
    for number in range(1, 1001):
        times.start(Wait.OTHERS)
        times.stop()
        passed.update(range(2 * number - 200))  # a hundred waits behind
        assert len(times._pending) <= 101
    passed.update(range(2000))
    assert times.take() == {Wait.DATA: 0.0, Wait.OTHERS: 1000.0}


def test_the_clock_of_the_host_is_always_there():
    first, second = mark(CPU), mark(CPU)
    assert has_passed(second)
    assert seconds_between(first, second) == second - first >= 0


def test_shares_are_means_and_the_slowest_rank_waits_least_for_the_others():
    waited = [(1.0, 4.0), (3.0, 2.0), (2.0, 20.0)]

    def share(rank):
        data, others = waited[rank]
        seconds = {Wait.DATA: data, Wait.OTHERS: others}
        return shares_of(ranks.groups[rank], seconds, 10.0)

    ranks = Ranks(3)
    refuse_tensors(ranks)
    found = ranks.run(share)
    assert found[0] == pytest.approx(WaitShares(0.2, (0.4 + 0.2 + 1.0) / 3, 1))
    assert found[1] == found[2] == found[0]


def test_a_process_that_is_alone_waits_for_no_other():
    seconds = {Wait.DATA: 1.0, Wait.OTHERS: 1e-5}
    assert shares_of(ALONE, seconds, 4.0) == WaitShares(0.25, 0.0, None)
    assert shares_of(ALONE, seconds, 0.0).data == 1.0
