"""The α–β model of an all-reduce, and files that say what a network does."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.reporting.all_reduce import AllReduce, make_all_reduce, read_all_reduce

NETWORK = AllReduce(1e-5, 1e9)
latencies = st.floats(0, 1)
bandwidths = st.floats(1e3, 1e13)
num_bytes = st.integers(1, 2**40)
worlds = st.integers(1, 10**6)


@pytest.mark.parametrize(
    ("world_size", "ring", "tree"),
    [
        (1, 0, 0),
        (2, 2 * 1e-5 + 1e-3, 2 * 1e-5 + 2e-3),
        (4, 6 * 1e-5 + 1.5e-3, 4 * 1e-5 + 2e-3),
        (5, 8 * 1e-5 + 1.6e-3, 6 * 1e-5 + 2e-3),
        (1024, 2046 * 1e-5 + 2 * 1023 / 1024 * 1e-3, 20 * 1e-5 + 2e-3),
    ],
)
def test_a_megabyte_over_a_gigabyte_a_second(world_size, ring, tree):
    assert NETWORK.ring_seconds(10**6, world_size) == pytest.approx(ring)
    assert NETWORK.tree_seconds(10**6, world_size) == pytest.approx(tree)


def test_the_faster_one_is_taken():
    assert NETWORK.time(10**6, 4) == (pytest.approx(6e-5 + 1.5e-3), "ring")
    assert NETWORK.time(10**6, 1024) == (pytest.approx(2e-4 + 2e-3), "tree")
    assert NETWORK.time(10**9, 64).algorithm == "ring", "long messages are bound by bandwidth"
    assert NETWORK.time(1, 64).algorithm == "tree", "short ones by latency"


@given(latencies, bandwidths, num_bytes)
def test_one_rank_sends_nothing(latency, bandwidth, size):
    assert AllReduce(latency, bandwidth).time(size, 1) == (0, None)


@given(latencies, bandwidths, num_bytes, worlds)
def test_a_better_network_is_never_slower(latency, bandwidth, size, world_size):
    seconds = AllReduce(latency, bandwidth).time(size, world_size).seconds
    assert AllReduce(latency, 2 * bandwidth).time(size, world_size).seconds <= seconds
    assert AllReduce(latency / 2, bandwidth).time(size, world_size).seconds <= seconds
    assert AllReduce(latency, bandwidth).time(2 * size, world_size).seconds >= seconds


@given(latencies, bandwidths, num_bytes, st.integers(2, 10**6))
def test_no_algorithm_is_faster_than_the_bounds(latency, bandwidth, size, world_size):
    """Chan et al. 2007: ⌈log2 W⌉ α, and 2 (W − 1)/W n/β, whatever the algorithm."""
    network = AllReduce(latency, bandwidth)
    seconds = network.time(size, world_size).seconds
    bound = 2 * (world_size - 1) / world_size * size / bandwidth
    assert seconds >= bound * (1 - 1e-12)
    assert seconds >= math.ceil(math.log2(world_size) - 1e-9) * latency
    ring, tree = (f(size, world_size) for f in (network.ring_seconds, network.tree_seconds))
    assert seconds == min(ring, tree)


@given(latencies, bandwidths, num_bytes, st.integers(1, 10**6))
def test_more_ranks_take_no_less(latency, bandwidth, size, world_size):
    network = AllReduce(latency, bandwidth)
    more = network.time(size, world_size + 1).seconds
    assert network.time(size, world_size).seconds <= more * (1 + 1e-12)


@pytest.fixture
def write(tmp_path):
    def write(value):
        path = tmp_path / "bench.json"
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return path

    return write


MEASURED = {"latency_seconds": 2e-5, "bandwidth_bytes_per_second": 5e10, "gradient_bytes": 400}


def test_what_bench_writes_is_read(write):
    beside = {"world_size": 2, "transport": "gloo", "overlap": None}
    values = read_all_reduce(write({"rows": [], "all_reduce": MEASURED | beside}))
    assert make_all_reduce(values, "bench.json") == AllReduce(2e-5, 5e10, 0.0, 400)
    values = read_all_reduce(write({"all_reduce": MEASURED | {"overlap": 0.25}}))
    assert make_all_reduce(values, "bench.json").overlap == 0.25


@pytest.mark.parametrize("value", [{"rows": []}, {"all_reduce": None}, [], 3])
def test_a_file_that_says_nothing_of_it(write, value):
    assert read_all_reduce(write(value)) == {}


WRONG = [
    ("latency_seconds", [-1, -1e-9, 3601, math.nan, math.inf, "20us", True, [], {}, 10**400]),
    ("bandwidth_bytes_per_second", [0, -1, 0.5, 1e16, math.nan, "50GB/s", False, [1], 10**400]),
    ("gradient_bytes", [0, -4, 1.5, 2**51, math.nan, "4", True, 10**400]),
    ("overlap", [-0.1, 1.1, 2, math.nan, "0.5", True]),
]


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in WRONG for value in values], ids=str
)
def test_a_value_that_no_network_has(write, key, value):
    path = write({"all_reduce": MEASURED | {key: value}})
    with pytest.raises(InputError, match=rf"all_reduce\.{key} = .*: must be a number") as error:
        read_all_reduce(path)
    assert "--all-reduce latency=20us,bandwidth=50GB/s" in error.value.hint
    assert len(error.value.message) < 300


@pytest.mark.parametrize("written", [3, "fast", [], True])
def test_what_is_no_object(write, written):
    with pytest.raises(InputError, match=r"bench\.json, all_reduce = .*: must be an object"):
        read_all_reduce(write({"all_reduce": written}))


@pytest.mark.parametrize("text", ["no json", "[" * 100_000, '{"all_reduce": 1' + "0" * 5000])
def test_a_file_that_is_none(write, text):
    with pytest.raises(InputError, match="is not JSON"):
        read_all_reduce(write(text))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_all_reduce(tmp_path / "none.json")


@pytest.mark.parametrize("missing", ["latency", "bandwidth"])
def test_half_of_it(missing):
    values = {key: value for key, value in MEASURED.items() if not key.startswith(missing)}
    with pytest.raises(InputError, match=f"^here: the {missing} of an all-reduce is missing"):
        make_all_reduce(values, "here")
