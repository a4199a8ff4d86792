"""What goes wrong on one rank, while others have gone or do something slow, is told as it is."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from bsgrow.data import SampleError
from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.training.decisions import Decisions, EndedElsewhereError, Vote
from bsgrow.training.gradient_sum import GradientSum
from bsgrow.training.group.process_group import LostProcessError, ProcessGroup
from bsgrow.training.job import prepare
from bsgrow.training.leaving import saved_at_a_failure
from bsgrow.training.loss_guard import LossGuard
from bsgrow.training.run import carry_out
from bsgrow.training.run_directory import RunDirectory
from bsgrow.training.state import State
from bsgrow.training.update_sums import UpdateSums
from bsgrow.training.updates import updates_made
from tests.training.ranks import Ranks, job_of


class Left(ProcessGroup):
    """A process that all others have left."""

    world_size = 2

    def combine(self, *arguments):
        raise LostProcessError("the other one has left")

    gather = begin_sum = sum_ = sum_numbers = combine


@pytest.fixture
def job():
    recipe = load_recipe("digits", ["run.device=cpu"])
    return prepare(recipe, plan_recipe(recipe))


def fail():
    raise SampleError("a.jpg", "is bad")


def test_what_failed_here_says_more_than_that_the_others_have_left(job):
    model = torch.nn.Linear(2, 2)
    decisions = Decisions(Left())
    with pytest.raises(SampleError):
        decisions.after(fail)
    assert decisions.ended_by == Vote.BAD_SAMPLE | Vote.FAILED, "nothing to be made again"
    with pytest.raises(SampleError):
        decisions.together(fail)
    gradient_sum, sums = GradientSum(model.parameters(), Left()), UpdateSums(model, job.device)
    with pytest.raises(SampleError), gradient_sum.of_an_update(sums):
        fail()
    with pytest.raises(LostProcessError):
        decisions.after(lambda: Vote(0))
    with pytest.raises(LostProcessError), gradient_sum.of_an_update(sums):
        pass


def test_one_that_cannot_go_on_with_smaller_micro_batches_ends_all(job, monkeypatch):
    ranks = Ranks(2)
    jobs = [job_of(job, group) for group in ranks.groups]
    states = [State.initial(each) for each in jobs]
    none_left = torch.OutOfMemoryError("no more")

    def warm_up(state, job, sizes):
        if job.group.rank == 1:
            fail()

    def forward(*args):
        raise none_left

    monkeypatch.setattr(State, "warm_up", warm_up)
    states[0].forward = forward

    def train(rank):
        states[rank].model.train()
        return list(updates_made(jobs[rank], states[rank]))

    first, second = ranks.run(train)
    assert isinstance(second, SampleError)
    assert isinstance(first, EndedElsewhereError)
    assert first.message == f"rank 1: {second.message}"


@pytest.mark.parametrize(("device", "num_saved"), [("cpu", 1), ("cuda", 0)])
def test_where_a_sum_may_wait_for_one_that_has_left_nothing_is_written(job, device, num_saved):
    saved = []
    checkpointing = SimpleNamespace(save=lambda: saved.append(1))
    state = SimpleNamespace(require_finite=lambda job: None)
    there = replace(job, device=torch.device(device))
    with (
        pytest.raises(LostProcessError),
        saved_at_a_failure(there, state, checkpointing, Decisions()),
    ):
        raise LostProcessError("the other one has left")
    assert len(saved) == num_saved


def test_an_update_that_is_given_up_refuses_none_after_it(job):
    """As one of which memory ran out elsewhere, while the loss was no number here."""
    state = State.initial(job)
    state.guard = LossGuard(state.optimizer, job.device, defers=True)  # as on a device
    state.sums.totals.sums.fill_(torch.nan)
    state.guard.check(state.sums, 1, 1)
    state.drop_update()
    assert state.guard.take_num_refused() == 0
    assert not state.optimizer.found_inf


def test_what_all_refuse_is_printed_once(tmp_path):
    ranks = Ranks(2)

    def start(rank):
        recipe = load_recipe("digits", ["run.device=cpu", f"run.seed={rank}"])
        directory = RunDirectory(tmp_path, rank)
        return carry_out(
            *(recipe, directory),
            resume=False,
            on_event=print,
            should_stop=bool,
            group=ranks.groups[rank],
        )

    first, second = ranks.run(start)
    assert first.message == second.message
    assert "its run.seed is 1, that of rank 0 0" in first.message
    assert (first.is_said, second.is_said) == (False, True)
