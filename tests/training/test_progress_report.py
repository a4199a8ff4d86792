"""Each update is reported once, though another process is lost just then."""

from dataclasses import replace

import pytest

from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.training.group.process_group import LostProcessError, ProcessGroup
from bsgrow.training.job import prepare
from bsgrow.training.observers import ProgressReport
from bsgrow.training.state import State


class Lost(ProcessGroup):
    """A group of which the other process does not answer."""

    world_size = 2

    def sum_numbers(self, numbers):
        raise LostProcessError("rank 1 of 2 does not answer")


def test_what_was_reached_is_told_before_the_run_ends():
    """A checkpoint of that update follows, and who goes on from it reports the next one."""
    recipe = load_recipe("digits", ["run.device=cpu"])
    job = replace(prepare(recipe, plan_recipe(recipe)), group=Lost())
    events, state = [], State.initial(job)
    report = ProgressReport(job, state, events.append)
    update = job.plan.update(0)
    state.num_updates, state.cursor = 1, update.stop
    with pytest.raises(LostProcessError):
        report.report(update)
    (progress,) = events
    assert (progress.num_updates, progress.consumed_samples) == (1, update.stop)
    assert progress.slowest_rank is None
