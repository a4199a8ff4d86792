"""What phases take on numbers of ranks, and which pay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.reporting.all_reduce import AllReduce
from bsgrow.reporting.plan_views import Views, clock_of, plan_as_dict, plan_remarks, plan_rows
from bsgrow.reporting.throughput import Throughput
from bsgrow.reporting.wall_clock import WallClock, baseline_seconds, phase_seconds, total_seconds
from bsgrow.reporting.world_times import (
    Paying,
    largest_paying,
    paying_from,
    phase_times,
    run_times,
)

FLAT = Throughput("train", (1, 10**5), (1000.0, 1000.0), {})
NETWORK = AllReduce(1e-3, 1e9, gradient_bytes=10**6)
CLOCK = WallClock(FLAT, NETWORK, 10**6, 128, 256)
WORLDS = [1, 4, 8, 64]


def table(plan, paying, clock=CLOCK, worlds=WORLDS):
    return [phase_times(phase, clock, worlds, paying) for phase in plan.phases]


def test_a_floor_of_samples(step_plan):
    times = table(step_plan, Paying(256, efficiency=1e-9))
    assert [largest_paying(row) for row in times] == [1, 1, 8, 8]  # 128, 640, 3200, 5120
    assert paying_from(times) == [0, 2, 2, None]


def test_an_efficiency(step_plan):
    """640 samples are 5 ghost batches: two each on 4 ranks at most, or one on 5 of 8."""
    free = WallClock(FLAT, None, 0, 128, 256)
    times = table(step_plan, Paying(1, efficiency=0.6), free)
    assert [row[1].efficiency for row in times] == pytest.approx([0.25, 0.625, 25 / 28, 1])
    assert [largest_paying(row) for row in times] == [1, 8, 8, 64]
    assert paying_from(times) == [0, 1, 1, 3]


def test_one_rank_pays_and_none_of_others_may(step_plan):
    times = table(step_plan, Paying(10**9))
    assert [largest_paying(row) for row in times] == [1] * 4
    assert [largest_paying(row[1:]) for row in times] == [None] * 4
    assert paying_from([row[1:] for row in times]) == [None] * 3


def test_what_pays_only_in_the_middle_pays_from_nowhere(step_plan):
    times = table(step_plan, Paying(256, efficiency=1e-9))
    assert paying_from([*times, times[0]]) == [0, None, None, None]


@given(
    floor=st.integers(1, 6000),
    efficiency=st.floats(0.01, 1),
    worlds=st.lists(st.integers(1, 200), min_size=1, max_size=4, unique=True),
)
def test_what_pays_is_what_is_said(step_plan, floor, efficiency, worlds):
    for phase, times in zip(
        step_plan.phases, table(step_plan, Paying(floor, efficiency), worlds=worlds), strict=True
    ):
        alone = phase_seconds(phase, CLOCK, 1)
        for time in times:
            enough = phase.global_batch_size / time.world_size >= floor
            efficient = time.efficiency >= efficiency
            if time.world_size == 1:
                assert time.pays
            else:
                assert time.pays == (enough and efficient and time.seconds < alone)
            assert time.seconds == phase_seconds(phase, CLOCK, time.world_size)


def test_the_factor_rises_with_the_ranks(step_plan):
    totals = run_times(step_plan, CLOCK, WORLDS)
    assert [t.seconds for t in totals] == [total_seconds(step_plan, CLOCK, w) for w in WORLDS]
    baseline = [baseline_seconds(step_plan, CLOCK, w) for w in WORLDS]
    assert [t.baseline_seconds for t in totals] == baseline
    speedups = [t.speedup for t in totals]
    assert speedups == sorted(speedups)
    assert speedups[0] == pytest.approx(1)
    assert speedups[-1] > 2


def views(**others):
    return Views(throughput=FLAT, world_sizes=WORLDS, **others)


def test_json(named):
    (entry,) = named("cifar10-grow")
    value = plan_as_dict(entry, views(all_reduce=NETWORK, efficiency=0.7))
    assert value["all_reduce"] == {
        "latency_seconds": 1e-3,
        "bandwidth_bytes_per_second": 1e9,
        "overlap": 0.0,
        "gradient_bytes": 10**6,
    }
    assert value["pays_if"] == {"min_samples_per_device": 256, "efficiency": 0.7}
    rows, phases = value["world_sizes"], value["phases"]
    assert len(rows) == 16
    assert [row["world_size"] for row in rows] == WORLDS * 4
    for row, phase in zip(rows[::4], phases, strict=True):
        assert row["predicted_seconds"] == phase["predicted_seconds"]
        assert (row["efficiency"], row["pays"], row["all_reduce_seconds"]) == (1, True, 0)
    last = rows[-2]
    assert last["all_reduce_algorithm"] == "tree"
    parts = ("compute_seconds", "all_reduce_seconds", "agreement_seconds", "wait_seconds")
    assert last["update_seconds"] == pytest.approx(sum(last[part] for part in parts))
    assert last["agreement_seconds"] > 0 == last["wait_seconds"]
    assert value["interference"] == {"slowdown": 1.0, "dispersion_seconds": 0.0}
    assert [phase["largest_paying_world_size"] for phase in phases] == [1, 1, 8, 8]
    for index, total in enumerate(value["world_size_totals"]):
        seconds = sum(row["predicted_seconds"] for row in rows[index::4])
        assert total["predicted_seconds"] == pytest.approx(seconds)
        ratio = total["baseline_predicted_seconds"] / total["predicted_seconds"]
        assert total["speedup"] == ratio
    assert value["world_size_totals"][0]["predicted_seconds"] == value["predicted_seconds"]


def test_columns(named):
    (entry,) = named("cifar10-grow")
    first, *_, last = plan_rows(entry, views(all_reduce=NETWORK))
    predicted = [f"predicted_seconds_{size}" for size in WORLDS]
    assert [name for name in first if name.startswith("predicted_seconds_")] == predicted
    assert first["predicted_seconds_1"] == first["predicted_seconds"]
    assert last["efficiency_8"] > last["efficiency_64"]
    assert last["largest_paying_world_size"] == 8


def test_the_ranks_that_a_recipe_says_are_predicted(named):
    (entry,) = named("cifar10-grow", settings=["run.world_sizes=[1, 4, 8, 64]"])
    shown = views(all_reduce=NETWORK)
    value, clock = plan_as_dict(entry, shown), clock_of(entry, shown)
    each = [row["predicted_seconds"] for row in value["world_sizes"]][::5]  # the diagonal
    assert [phase["predicted_seconds"] for phase in value["phases"]] == each
    assert value["predicted_seconds"] == sum(each)
    assert value["baseline_predicted_seconds"] == baseline_seconds(entry.plan, clock, 1)
    alone = plan_as_dict(entry, Views(throughput=FLAT, all_reduce=NETWORK))
    assert alone["predicted_seconds"] == value["predicted_seconds"]
    assert "world_size_totals" not in alone


def test_the_gradient_is_that_of_the_model_unless_it_is_given(named):
    (entry,) = named("digits")
    network = AllReduce(1e-3, 1e9)
    assert clock_of(entry, views(all_reduce=network)).gradient_bytes == 310_248
    assert clock_of(entry, views(all_reduce=NETWORK)).gradient_bytes == 10**6
    assert clock_of(entry, Views(throughput=FLAT, all_reduce=network)).gradient_bytes == 0
    (unknown,) = named("folder", settings=["data.num_samples=5000"])
    with pytest.raises(InputError, match="size of the gradient follows from the model") as error:
        clock_of(unknown, views(all_reduce=network))
    assert "gradient=100MB" in error.value.hint
    assert clock_of(unknown, views()).all_reduce is None


def test_what_a_prediction_takes_on_trust(named):
    (entry,) = named("cifar10-grow")
    measured = Throughput("train", (256, 5120), (1.0, 1.0), {})
    silent = plan_remarks(entry, Views(throughput=measured))
    assert not any("network" in remark or "more ranks" in remark for remark in silent)
    loud = plan_remarks(entry, Views(throughput=measured, world_sizes=[1, 64]))
    assert any("communication counts as free; --all-reduce" in remark for remark in loud)
    assert any("batch of 128 is 1 ghost batch of 128, which more" in remark for remark in loud)
    assert any("global batch of 128: taken" in remark for remark in loud)
    (tiny,) = named("cifar10-grow", settings=["run.ghost_batch_size=64"])
    said = plan_remarks(tiny, Views(throughput=measured, world_sizes=[64], all_reduce=NETWORK))
    assert any("measured at a share of 64: taken" in remark for remark in said)
    assert not any("network" in remark for remark in said)


def test_the_same_ranks_throughout(named):
    (entry,) = named("cifar10-grow", settings=["run.world_size=4"])
    shown = Views(throughput=FLAT, all_reduce=NETWORK)
    value, clock = plan_as_dict(entry, shown), clock_of(entry, shown)
    each = [phase_seconds(phase, clock, 4) for phase in entry.plan.phases]
    assert [phase["predicted_seconds"] for phase in value["phases"]] == each
    assert [row["predicted_seconds"] for row in plan_rows(entry, shown)] == each
    assert value["baseline_predicted_seconds"] == baseline_seconds(entry.plan, clock, 4)
