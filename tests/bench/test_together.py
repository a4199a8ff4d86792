"""Training measured on several ranks, which are threads here."""

import pytest
import torch

from bsgrow.bench import together as module
from bsgrow.bench.measure import Pace, Round
from bsgrow.bench.together import Passed, bench_together
from bsgrow.bench.training_job import measurable_job
from bsgrow.bench.whole_updates import Stretch, Trainer
from bsgrow.errors import BsgrowError
from bsgrow.recipe import load_recipe
from bsgrow.training.group.process_group import ALONE
from bsgrow.training.state import State
from tests.training.ranks import Ranks

PACE = Pace(num_rounds=2, seconds_per_round=0.0)
SIZES = (16, 80)  # of the first a rank has no sample


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(module, "settle", lambda: None)


def job_of(group):
    settings = ["run.device=cpu", "run.micro_batch_size=32", "run.ghost_batch_size=16"]
    return measurable_job(load_recipe("digits", settings), group)


def run_ranks(part):
    ranks = Ranks(2)
    return ranks.run(lambda rank: part(ranks.groups[rank]))


def ignore(message):
    pass


@pytest.fixture(scope="module")
def found():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "settle", lambda: None)
        return run_ranks(lambda group: bench_together(job_of(group), SIZES, PACE, ignore))


def test_three_ways_for_each_batch_size_the_same_on_all_ranks(found):
    rows = found[0]["rows"]
    assert rows == found[1]["rows"]
    assert [(row["global_batch_size"], row["system"], row["world_size"]) for row in rows] == [
        (size, *kind) for size in SIZES for kind in (("limit", 2), ("bsgrow", 2), ("bsgrow", 1))
    ]
    for row in rows:
        assert row["samples_per_second"] > 0
        assert row["n"] == 1, "the first round does not count"
        assert row["update_seconds"]["n"] == 1, "a round of whole updates"
        assert 0 <= row["data_wait_share"] <= 1
        assert 0 <= row["communication_share"] <= 1


def test_efficiency_is_against_as_many_processes_as_fast_as_one(found):
    for first in (0, 3):
        limit, together, one = found[0]["rows"][first : first + 3]
        rates = [row["samples_per_second"] for row in (limit, together, one)]
        assert together["efficiency"] == pytest.approx(rates[1] / rates[2] / 2, rel=0.1)
        assert limit["efficiency"] == pytest.approx(rates[0] / rates[2] / 2, rel=0.1)
        assert (one["efficiency"], one["communication_share"]) == (1.0, 0.0)
        assert (one["of_limit"], limit["of_limit"]) == (None, 1.0)


def test_the_gradient_is_that_of_the_model(found):
    parameters = State.initial(job_of(ALONE)).model.parameters()
    assert found[0]["all_reduce"]["gradient_bytes"] == 4 * sum(p.numel() for p in parameters)


def test_whole_updates_are_counted_and_no_weight_is_changed():
    def train(group):
        trainer = Trainer.of(job_of(group), group, SIZES)
        before = [parameter.clone() for parameter in trainer.state.model.parameters()]
        stretch = trainer.run(80, 0.0)
        after = trainer.state.model.parameters()
        return stretch, all(map(torch.equal, before, after))

    stretches, same = zip(*run_ranks(train), strict=True)
    assert all(same)
    assert [each.num_samples for each in stretches] == [48, 32], "whole ghost batches of an update"
    assert [len(each.update_seconds) for each in stretches] == [1, 1]


def test_all_are_timed_until_all_have_had_their_time(monkeypatch):
    """A row ends by seconds that are the same on all, also where their clocks differ."""
    made = Passed(Round(10, 5.0, (1.0,)), [Stretch(10, 5.0, [1.0], 0.0, 0.0)])
    rounds = []
    monkeypatch.setattr(module, "_one_round", lambda *arguments: rounds.append(1) or made)
    monkeypatch.setattr(module, "measure_all_reduce", lambda *arguments: {})
    bench_together(job_of(ALONE), (16,), Pace(50, 1.0, seconds_per_row=12.0), ignore)
    assert len(rounds) == 9, "three systems of 12 s each"


def test_what_fails_on_one_ends_all(monkeypatch):
    run = Trainer.run

    def broken(trainer, size, seconds):
        def fail(*arguments):
            raise RuntimeError("no such kernel")

        if trainer.job.group.rank == 1 and not isinstance(trainer.job.group, module.Apart):
            trainer.state.forward = fail
        return run(trainer, size, seconds)

    monkeypatch.setattr(Trainer, "run", broken)
    first, second = run_ranks(lambda group: bench_together(job_of(group), (80,), PACE, ignore))
    assert isinstance(first, BsgrowError)
    assert "rank 1: RuntimeError: no such kernel" in str(first)
    assert isinstance(second, RuntimeError)
