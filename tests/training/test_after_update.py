"""What is done between two updates, and that no rank is left alone in it."""

from dataclasses import replace

import pytest

from bsgrow.data import SampleError
from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.training.decisions import EndedElsewhereError
from bsgrow.training.events.events import (
    CheckpointSaved,
    Evaluated,
    Progress,
    RunFinished,
    RunStarted,
)
from bsgrow.training.job import prepare
from bsgrow.training.observers import Evaluation
from tests.training.test_many_ranks import SHORT, train_ranks, updates_of, with_run


@pytest.fixture(scope="module")
def job():
    recipe = load_recipe("digits", SHORT)
    return prepare(recipe, plan_recipe(recipe))


@pytest.mark.parametrize("kind", [RunStarted, Progress, Evaluated, CheckpointSaved, RunFinished])
def test_what_one_cannot_show_all_are_told_of(job, tmp_path, kind):
    often = replace(job, recipe=with_run(job.recipe, log_every_seconds=0.0))

    def show(rank, event):
        if rank == 0 and isinstance(event, kind):
            raise closed

    closed = BrokenPipeError("the pipe is closed")
    first, *others = train_ranks(often, tmp_path, seconds=1.0, show=show)[0]
    assert first is closed
    for error in others:
        assert isinstance(error, EndedElsewhereError)
        assert error.message == "rank 0: BrokenPipeError: the pipe is closed"


def test_an_evaluation_that_is_made_up_for_keeps_the_best(job, tmp_path, monkeypatch):
    """Of a run that was ended between an update and the evaluation that was due after it."""
    seldom = replace(job, recipe=with_run(job.recipe, checkpoint_every_seconds=1e9))

    def end(evaluation):
        raise SampleError("a.jpg", "is bad")

    with monkeypatch.context() as patch:
        patch.setattr(Evaluation, "evaluate", end)
        train_ranks(seldom, tmp_path)
    (saved,) = updates_of(tmp_path, CheckpointSaved)[0]
    shown = []

    def show(rank, event):
        if rank == 0 and isinstance(event, Evaluated | CheckpointSaved):
            shown.append((type(event), event.num_updates))

    train_ranks(seldom, tmp_path, show=show)
    assert shown[:2] == [(Evaluated, saved), (CheckpointSaved, saved)]
