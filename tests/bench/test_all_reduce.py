"""Latency and bandwidth of an all-reduce, from what sums of many sizes take."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.bench.all_reduce import Line, alpha_beta, fitted, measure_all_reduce
from bsgrow.reporting.all_reduce import AllReduce, make_all_reduce, read_all_reduce
from tests.training.ranks import Ranks

CPU = torch.device("cpu")
SIZES = [4**k for k in range(4, 14)]

lines = st.builds(Line, st.floats(1e-6, 1e-2), st.floats(1e-12, 1e-7))


@given(line=lines)
def test_a_line_is_found_again(line):
    found = fitted({size: line.intercept + size * line.slope for size in SIZES})
    for size in SIZES:
        expected = line.intercept + size * line.slope
        assert found.intercept + size * found.slope == pytest.approx(expected, rel=1e-6)


def test_small_messages_count_as_much_as_large_ones():
    """A line of least squared error, not relative, would have no latency left of 10 us."""
    seconds = {size: 1e-5 + size * 1e-9 for size in SIZES}
    seconds[SIZES[-1]] *= 1.2
    assert fitted(seconds).intercept == pytest.approx(1e-5, rel=0.1)


def test_noise_makes_neither_latency_nor_bandwidth_negative():
    assert fitted({256: 2e-3, 1024: 1e-3}) == Line(pytest.approx(1.2e-3), 0.0)
    assert fitted({256: 1e-9, 2**20: 1e-1}).intercept == 0.0
    assert alpha_beta(Line(0.0, 0.0), 2)["bandwidth_bytes_per_second"] <= 1e15


@given(line=lines, world_size=st.sampled_from([2, 3]), size=st.sampled_from(SIZES))
def test_the_prediction_is_the_line_that_was_measured(line, world_size, size):
    network = AllReduce(**alpha_beta(line, world_size))
    expected = line.intercept + size * line.slope
    assert network.time(size, world_size).seconds == pytest.approx(expected)


@given(line=lines, world_size=st.integers(4, 1024))
def test_of_more_processes_both_ends_are(line, world_size):
    network = AllReduce(**alpha_beta(line, world_size))
    assert network.time(0, world_size).seconds == pytest.approx(line.intercept)
    huge = 2**60
    expected = huge * line.slope
    assert network.time(huge, world_size).seconds == pytest.approx(expected, rel=1e-3)


def test_what_is_measured_is_what_plan_reads(tmp_path):
    ranks = Ranks(2)
    found = ranks.run(lambda rank: measure_all_reduce(ranks.groups[rank], CPU, 5000))
    for rank, measured in enumerate(found):
        assert (measured["gradient_bytes"], measured["world_size"]) == (5000, 2)
        assert measured["transport"] == "gloo"
        assert [*measured["seconds_by_bytes"]] == ["256", "1024", "4096", "16384", "65536"]
        path = tmp_path / f"{rank}.json"
        path.write_text(json.dumps({"all_reduce": measured, "rows": []}))
        network = make_all_reduce(read_all_reduce(path), "file")
        assert network.gradient_bytes == 5000
        assert network.time(5000, 2).seconds > 0
