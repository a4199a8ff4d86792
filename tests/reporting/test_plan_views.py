"""What is added to a plan if asked."""

import pytest

from bsgrow.reporting.plan_views import Views, plan_as_dict, plan_remarks, plan_rows
from bsgrow.reporting.throughput import Throughput
from bsgrow.schedule import as_dict, notes, phase_rows

THROUGHPUT = Throughput("train", (128, 5120), (1000.0, 1000.0), {"gpu": "H200"})


def test_nothing_is_added_unasked(named):
    entry = named("cifar10-grow")[0]
    assert plan_as_dict(entry, Views()) == as_dict(entry.plan)
    assert list(plan_rows(entry, Views())) == list(phase_rows(entry.plan))
    assert plan_remarks(entry, Views()) == notes(entry.plan)


def test_predicted_seconds(named):
    entry = named("cifar10-grow")[0]
    value = plan_as_dict(entry, Views(throughput=THROUGHPUT))
    seconds = [phase["predicted_seconds"] for phase in value["phases"]]
    assert sum(seconds) == value["predicted_seconds"] == pytest.approx(10_000)
    assert value["baseline_predicted_seconds"] == pytest.approx(10_000)
    rows = plan_rows(entry, Views(throughput=THROUGHPUT))
    assert [row["predicted_seconds"] for row in rows] == seconds


def test_where_a_prediction_comes_from(named):
    remarks = plan_remarks(named("cifar10-grow")[0], Views(throughput=THROUGHPUT))
    assert remarks[-1] == "the wall-clock is from the throughput of train, measured on H200"


def test_world_sizes(named):
    value = plan_as_dict(named("cifar10-grow")[0], Views(world_sizes=[1, 8]))
    assert len(value["world_sizes"]) == 8


def test_the_world_size_of_each_phase(named):
    entry = named("cifar10-grow", settings=["run.world_sizes=auto"])[0]
    shown = Views(planned_world_sizes=True, throughput=THROUGHPUT)
    assert [phase["world_size"] for phase in plan_as_dict(entry, shown)["phases"]] == [1, 2, 8, 16]
    assert [row["world_size"] for row in plan_rows(entry, shown)] == [1, 2, 8, 16]
