"""What an all-reduce takes, as a user writes it."""

import json

import pytest

from bsgrow.cli.plan.all_reduce import all_reduce_of, parse_all_reduce
from bsgrow.errors import InputError
from bsgrow.reporting.all_reduce import AllReduce

FILE = {"latency_seconds": 1e-3, "bandwidth_bytes_per_second": 1e8, "gradient_bytes": 400}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("latency=20us,bandwidth=50GB/s", {"latency_seconds": 2e-5, "bandwidth": 5e10}),
        ("latency=2e-5,bandwidth=5e10", {"latency_seconds": 2e-5, "bandwidth": 5e10}),
        (" latency = 0.02 ms , bandwidth = 400 Gbit/s ", {"latency": 2e-5, "bandwidth": 5e10}),
        ("latency=20\u00b5s", {"latency": 2e-5}),
        ("latency=20\u03bcs", {"latency": 2e-5}),
        ("latency=1500ns", {"latency": 1.5e-6}),
        ("latency=0", {"latency": 0}),
        ("latency=1s", {"latency": 1}),
        ("bandwidth=1GiB/s", {"bandwidth": 2**30}),
        ("bandwidth=12.5MB/s", {"bandwidth": 1.25e7}),
        ("gradient=100MB", {"gradient": 10**8}),
        ("gradient=97.5MiB", {"gradient": 102_236_160}),
        ("overlap=0.5", {"overlap": 0.5}),
    ],
)
def test_units(text, values):
    short = {key.partition("_")[0]: value for key, value in parse_all_reduce(text).items()}
    expected = {key.partition("_")[0]: value for key, value in values.items()}
    assert short == pytest.approx(expected)


WRONG = [
    ("latency=20xs", "must be a number with its unit, such as 20us"),
    ("latency=", "must be a number with its unit"),
    ("latency=-1us", "must be a number with its unit"),
    ("latency=fast", "must be a number with its unit"),
    ("latency=nan", "must be a number with its unit"),
    ("latency=2h", "must be a number with its unit"),
    ("latency=99999s", "must be a number of seconds from 0 to 3600"),
    ("latency=1e999", "must be a number of seconds from 0 to 3600"),
    ("latency=20us,latency=20us", "latency is given twice"),
    ("bandwidth=0", "must be a number of bytes per second from 1 to 1e15"),
    ("bandwidth=0GB/s", "must be a number of bytes per second from 1 to 1e15"),
    ("bandwidth=50GB", "such as 50GB/s or 400Gbit/s"),
    ("bandwidth=50Gb/s", "such as 50GB/s or 400Gbit/s"),
    ("bandwidth=9e300GB/s", "must be a number of bytes per second"),
    ("gradient=0", "must be a number of bytes from 1"),
    ("gradient=9999TB", "must be a number of bytes from 1"),
    ("gradient=1e999", "must be a number of bytes from 1"),
    ("overlap=1.5", "must be a number from 0 to 1"),
    ("overlap=50%", "must be a number with its unit, such as 0.5"),
    ("latncy=20us", "no such part"),
    ("=3,a", "no such part"),
    ("latency=20us,", "not of the form name=value"),
    ("latency=2,5us", "not of the form name=value"),
    ("latency=" + "9" * 10_000, "must be a number with its unit"),
]


@pytest.mark.parametrize(("text", "problem"), WRONG, ids=lambda value: value[:40])
def test_what_is_no_network(text, problem):
    with pytest.raises(InputError, match=problem) as error:
        parse_all_reduce(text)
    assert error.value.message.startswith("--all-reduce ")
    assert len(error.value.message) < 300
    assert error.value.hint


@pytest.fixture
def write(tmp_path):
    def write(name, value):
        (tmp_path / name).write_text(json.dumps(value))
        return tmp_path / name

    return write


def test_what_is_given_wins_over_the_file(write):
    path = write("bench.json", {"all_reduce": FILE})
    assert all_reduce_of(path, None) == AllReduce(1e-3, 1e8, 0.0, 400)
    assert all_reduce_of(path, "overlap=0.5") == AllReduce(1e-3, 1e8, 0.5, 400)
    given = "latency=1s,bandwidth=1GB/s,gradient=8B"
    assert all_reduce_of(path, given) == AllReduce(1, 1e9, 0.0, 8)


def test_another_file_may_have_it(write):
    alone, together = write("a.json", {"rows": []}), write("b.json", {"all_reduce": FILE})
    assert all_reduce_of(alone, None) is None
    assert all_reduce_of(alone, str(together)) == AllReduce(1e-3, 1e8, 0.0, 400)
    slower = write("c.json", {"all_reduce": FILE | {"latency_seconds": 1.0}})
    assert all_reduce_of(together, str(slower)) == AllReduce(1.0, 1e8, 0.0, 400)
    with pytest.raises(InputError, match="no all_reduce is in this file"):
        all_reduce_of(together, str(alone))
    with pytest.raises(InputError, match="cannot be read: No such file"):
        all_reduce_of(together, "none.json")


@pytest.mark.parametrize("given", ["latency=1us", "overlap=0.5", "gradient=1MB"])
def test_half_of_it(write, given):
    alone = write("a.json", {"all_reduce": {"gradient_bytes": 400}})
    assert all_reduce_of(alone, None) is None
    with pytest.raises(InputError, match=f"--all-reduce {given}: the (latency|bandwidth) of an"):
        all_reduce_of(alone, given)
