"""What ranks that compute at the same time cost each other."""

import json
import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.reporting.interference import (
    NO_INTERFERENCE,
    Interference,
    expected_maximum,
    read_interference,
)


@pytest.fixture
def write(tmp_path):
    def write(value):
        path = tmp_path / "bench.json"
        path.write_text(json.dumps(value))
        return path

    return write


def test_the_largest_of_a_few_is_known_in_closed_form():
    """Jones 1948, Annals of Mathematical Statistics 19(2)."""
    root = math.sqrt(math.pi)
    closed = [0, 1 / root, 1.5 / root, 3 / root * (0.5 + math.asin(1 / 3) / math.pi)]
    assert [expected_maximum(number) for number in (1, 2, 3, 4)] == pytest.approx(closed, rel=1e-12)


@pytest.mark.parametrize("number", [8, 100])
def test_the_largest_of_many_is_as_drawn(number):
    drawn = random.Random(0)
    most = [max(drawn.gauss() for _ in range(number)) for _ in range(2000)]
    error = statistics.stdev(most) / math.sqrt(len(most))
    assert abs(statistics.fmean(most) - expected_maximum(number)) < 4 * error


@given(number=st.integers(1, 10**9))
def test_more_have_a_larger_one(number):
    below = expected_maximum(number)
    assert 0 <= below < expected_maximum(2 * number)
    assert below <= math.sqrt(2 * math.log(number)) + 1e-12


@given(seconds=st.floats(1e-6, 1e3), parts=st.integers(1, 1000), number=st.integers(2, 100))
def test_the_wait_grows_with_the_root_of_the_parts(seconds, parts, number):
    cost = Interference(dispersion_seconds=1e-3)
    one, all_parts = (cost.wait_seconds(n * seconds, number) for n in (1, parts))
    assert all_parts == pytest.approx(math.sqrt(parts) * one)
    assert cost.wait_seconds(seconds, 1) == NO_INTERFERENCE.wait_seconds(seconds, number) == 0


def test_it_is_read_beside_the_rows(write):
    cost = {"slowdown": 1.5, "dispersion_seconds": 2e-3}
    assert read_interference(write({"rows": [], "interference": cost | {"more": 1}})) == cost
    assert read_interference(write({"interference": {"slowdown": None}})) == {}


@pytest.mark.parametrize("value", [{"rows": []}, {"interference": None}, [], 3])
def test_files_written_before_have_none(write, value):
    assert Interference(**read_interference(write(value))) == NO_INTERFERENCE


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("slowdown", wrong) for wrong in (0.99, 1001, True, "1", [])),
        *(("dispersion_seconds", wrong) for wrong in (-1e-9, 3601, float("nan"), {})),
    ],
)
def test_wrong_values(write, key, value):
    with pytest.raises(InputError, match=rf"bench\.json, interference\.{key} = .*: must be") as e:
        read_interference(write({"interference": {key: value}}))
    assert "bench train" in e.value.hint
