"""Measured samples per second, and files that hold none."""

import json
import math
import os

import pytest

from bsgrow.errors import InputError
from bsgrow.reporting.throughput import Throughput, read_throughput, remarks


def row(size, rate, system="bsgrow", case="train"):
    measured = {"global_batch_size": size, "samples_per_second": rate}
    return {"case": case, "system": system, **measured}


@pytest.fixture
def write(tmp_path):
    def write(value):
        path = tmp_path / "bench.json"
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return path

    return write


def test_interpolation_is_linear_in_log_batch():
    throughput = Throughput("train", (128, 512, 8192), (1000.0, 3000.0, 4000.0), {})
    assert [throughput.at(size) for size in (128, 512, 8192)] == [1000, 3000, 4000]
    assert throughput.at(256) == pytest.approx(2000)
    assert throughput.at(2048) == pytest.approx(3500)
    assert [throughput.at(size) for size in (1, 10**6)] == [1000, 4000]


def test_a_remark_on_what_was_not_measured():
    throughput = Throughput("train", (256, 4096), (1.0, 2.0), {})
    assert remarks([256, 1000, 4096], throughput) == []
    (remark,) = remarks([5120, 128, 640, 128], throughput)
    assert "a global batch of 128, 5120: taken as at the nearest of 256 to 4096" in remark
    (remark,) = remarks([16], throughput, "a share")
    assert "measured at a share of 16:" in remark


def test_many_batch_sizes_make_a_short_remark():
    (remark,) = remarks(range(128, 5001), Throughput("train", (8,), (1.0,), {}))
    assert "128 to 5000" in remark


def test_rows_of_the_system_are_read_and_repeated_ones_reduced_to_their_median(write):
    rows = [row(512, 9.0), row(128, 5.0), row(512, 1.0), row(512, 7.0), row(64, 99.0, "ffcv")]
    throughput = read_throughput(write({"hardware": {"gpu": "H200"}, "rows": rows}))
    assert throughput == Throughput("train", (128, 512), (5.0, 7.0), {"gpu": "H200"})
    assert read_throughput(write({"rows": rows}), system="ffcv").global_batch_sizes == (64,)


def test_one_of_several_cases(write):
    path = write({"rows": [row(1, 1.0, case="loader"), row(1, 2.0, case="train")]})
    assert read_throughput(path, case="train").samples_per_second == (2.0,)
    with pytest.raises(InputError, match="measures 2 cases: loader; train") as error:
        read_throughput(path)
    assert "--throughput-case" in error.value.hint


def test_a_system_that_was_not_measured_is_left_out(write):
    failed = row(256, None, "ffcv") | {"reason": "ffcv is not installed"}
    rows = [row(128, 5.0), failed, row(512, None) | {"reason": "out of memory"}]
    assert read_throughput(write({"rows": rows})).global_batch_sizes == (128,)
    with pytest.raises(InputError, match="no row has system = 'ffcv'"):
        read_throughput(write({"rows": rows}), system="ffcv")


def test_rows_of_several_processes_are_left_out(write):
    together = [row(size, 9.0) | {"world_size": 2} for size in (128, 256)]
    alone = [row(128, 5.0), row(512, 6.0) | {"world_size": 1}]
    assert read_throughput(write({"rows": together + alone})).global_batch_sizes == (128, 512)
    with pytest.raises(InputError, match="every row was measured by several processes") as error:
        read_throughput(write({"rows": together}))
    assert "--all-reduce" in error.value.hint


WRONG = [
    ("not json", "is not JSON"),
    ([], 'no list "rows"'),
    ({"rows": []}, 'no list "rows"'),
    ({"rows": [3]}, r"rows\[0\] = 3: must be an object"),
    ({"rows": [row(0, 1.0)]}, r"rows\[0\].global_batch_size = 0: must be an integer above 0"),
    ("3", 'no list "rows"'),
    *(
        (
            {"rows": [row(1, 1.0) | {"world_size": size}]},
            r"rows\[0\].world_size = .*: must be an int",
        )
        for size in (0, -1, 1.5, "2", True, None, [], 10**400)
    ),
    ({"rows": [row(True, 1.0)]}, "global_batch_size = True"),
    ({"rows": [row(128, 1.0), row(128, None)]}, r"rows\[1\].samples_per_second = None"),
    ({"rows": [row(128, math.nan)]}, "samples_per_second = nan: must be a number above 0"),
    ({"rows": [row(128, 1.0, system=None)]}, "system = None: must be a string"),
    ({"rows": [row(128, 1.0, system="bsgro")]}, "no row has system = 'bsgrow'"),
]


@pytest.mark.parametrize(("value", "message"), WRONG)
def test_a_file_that_is_none(write, value, message):
    with pytest.raises(InputError, match=message) as error:
        read_throughput(write(value))
    assert error.value.hint


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"bench\.json: cannot be read: No such file"):
        read_throughput(tmp_path / "bench.json")


@pytest.mark.parametrize("rate", [5e-324, 1e-200, 1.7e308, 10**400, True])
def test_a_rate_that_no_machine_has_is_refused(write, rate):
    """The seconds of a plan would be infinite, or more than a float holds."""
    with pytest.raises(InputError, match=r"samples_per_second = .*: must be a number above 0"):
        read_throughput(write({"rows": [row(8, rate)]}))


@pytest.mark.parametrize("size", [0, True, 10**400])
def test_a_size_that_no_batch_has_is_refused(write, size):
    with pytest.raises(InputError, match=r"global_batch_size = .*: must be an integer above 0"):
        read_throughput(write({"rows": [row(size, 1.0), row(8, 1.0)]}))


HOSTILE = {
    "deep": "[" * 100_000,
    "a long integer": '{"rows": [{"global_batch_size": ' + "9" * 5000 + "}]}",
    "a large integer": '{"rows": [{"case": "a", "system": "bsgrow", "global_batch_size": 1'
    + "0" * 400
    + "}]}",
    "a row that is none": '{"rows": [' + "[" * 400 + "]" * 400 + "]}",
    "not a number": '{"rows": [{"case": "a", "system": "bsgrow", "global_batch_size": NaN}]}',
    "many systems": json.dumps({"rows": [row(1, 1.0, f"s{i}\x1b") for i in range(2000)]}),
    "many cases": json.dumps({"rows": [row(1, 1.0, case=f"{i}\x1b") for i in range(2000)]}),
    "a long name": json.dumps({"rows": [row(1, 1.0, "x" * 10**6)]}),
    "large": '"' + "x" * 2**22,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_in_a_short_sentence(text, write):
    path = write(text)
    with pytest.raises(InputError) as caught:
        read_throughput(path)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) + len(caught.value.hint) < 3000


@pytest.mark.parametrize(
    "value", [10**400, [["x" * 10**4]], "x" * 10**4, "\x1b[31m", {"a": "\x9b"}]
)
def test_hardware_is_shown_cut_and_escaped(value, write):
    hardware = dict.fromkeys(map(str, range(99)), value)
    throughput = read_throughput(write({"rows": [row(1, 1.0)], "hardware": hardware}))
    texts = "".join(throughput.hardware.values())
    assert texts.isprintable()
    assert len(texts) < 1000


@pytest.mark.parametrize("rate", [10**400, 5e-324, 0, -0.0, -1, True, "5", math.nan, math.inf])
def test_a_rate_that_is_none(rate, write):
    with pytest.raises(InputError, match=r"samples_per_second = .*: must be a number above 0"):
        read_throughput(write({"rows": [row(1, rate)]}))


@pytest.mark.parametrize("special", ["/dev/zero", "pipe"])
def test_what_is_no_regular_file_has_no_measurements(special, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="cannot be read: not a regular file"):
        read_throughput(tmp_path / special)
