"""`bsgrow bench`, as a user runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import chdir
from pathlib import Path

import pytest

from bsgrow.bench.memory import PeakMemory
from bsgrow.bench.train import bench_train
from tests.e2e.conftest import command
from tests.in_process import Shell

QUICK = ["--rounds", "2", "--seconds-per-round", "0.01"]
FEW = ["--systems", "limit,bsgrow,ffcv,torch", "--num-threads", "1"]


def read(result):
    assert result.code == 0, result.err
    return json.loads(result.out)


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    """What `bench train` measures on tiny batches, and its table's stderr."""
    words = ["bench", "train", "--batch-sizes", "32,48", *QUICK, "--format", "json"]
    folder = tmp_path_factory.mktemp("training")
    with chdir(folder):
        done = Shell()(*words)
    (folder / "speed.json").write_text(done.out)
    return folder / "speed.json", done.err


def test_without_a_command_it_prints_help(bsgrow):
    result = bsgrow("bench")
    assert "loader" in result.out + result.err
    assert "Measure training" in result.out + result.err


def test_the_loader_in_json(bsgrow):
    result = bsgrow("bench", "loader", "--batch-sizes", "64", *FEW, *QUICK, "--format", "json")
    table = read(result)
    assert {"hardware", "versions", "rows"} == set(table)
    assert {"processor", "cuda_devices", "cuda_memory_bytes"} <= set(table["hardware"])
    assert {"bsgrow", "torch", "pillow"} <= set(table["versions"])
    measured = [(row["system"], row["case"].endswith("one buffer")) for row in table["rows"]]
    assert measured == [
        ("limit", False),
        ("bsgrow", False),
        ("ffcv", False),
        ("torch", False),
        ("limit", True),
        ("bsgrow", True),
    ]
    for row in table["rows"]:
        assert row["global_batch_size"] == 64
        assert (row["samples_per_second"] is None) == ("reason" in row)
    assert "measuring batch 64" in result.err


def test_the_loader_as_a_table(bsgrow):
    result = bsgrow("bench", "loader", "--batch-sizes", "64", *FEW, *QUICK)
    assert result.code == 0, result.err
    assert "32x32x3 uint8 -> crop (zero pad 4), flip, normalise -> float32 NCHW" in result.out
    assert "of the limit" in result.out
    assert "bsgrow is" in result.out
    assert "\x1b" not in result.out
    if "ffcv: ffcv is not installed" not in result.out:
        assert result.out.count("–  ") == 0


def test_photographs_beside_each_other(started, tmp_path):
    words = ["--data", "jpeg", "--batch-sizes", "2", "--num-photographs", "4"]
    systems = ["--systems", "limit,torch", "--num-threads", "1"]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    result = started(
        *("bench", "loader", *words, *systems, *QUICK, "--format", "json"),
        TMPDIR=str(temporary),
    )
    rows = read(result)["rows"]
    assert [row["system"] for row in rows] == ["limit", "torch"]
    assert all(row["samples_per_second"] > 0 for row in rows)
    assert rows[0]["case"].startswith("500x375 JPEG")
    assert list(temporary.iterdir()) == []


def test_training_in_json(training):
    table = json.loads(training[0].read_text())
    rows = table["rows"]
    assert [(row["global_batch_size"], row["system"]) for row in rows] == [
        (size, system) for size in (32, 48) for system in ("limit", "bsgrow", "torch")
    ]
    assert rows[0]["case"].startswith("train digits: wide_resnet depth 10 width 1, sgd")
    assert "measuring batch 48" in training[1]


def test_plan_takes_what_bench_train_measured(bsgrow, training):
    words = ["plan", "digits", "--throughput", str(training[0]), "--format", "json"]
    plan = read(bsgrow(*words))
    rates = [r for r in json.loads(training[0].read_text())["rows"] if r["system"] == "bsgrow"]
    slowest = min(row["samples_per_second"] for row in rates)
    fastest = max(row["samples_per_second"] for row in rates)
    seconds = plan["predicted_seconds"]
    assert 48 * 1437 / fastest <= seconds <= 48 * 1437 / slowest


def test_training_as_a_table(bsgrow, monkeypatch):
    monkeypatch.setattr(bench_train, "__defaults__", (made_up_peaks,))  # not a process for each
    words = ["--batch-sizes", "32,100000", "--rounds", "1", "--seconds-per-round", "0.01"]
    result = bsgrow("bench", "train", *words, "--set", "run.micro_batch_size=32")
    assert result.code == 0, result.err
    assert "update (max)" in result.out
    assert "≈" in result.out
    assert "MiB" in result.out


def test_one_process_that_torchrun_started_measures_as_one_that_it_did_not(bsgrow, monkeypatch):
    monkeypatch.setattr(bench_train, "__defaults__", (made_up_peaks,))
    launched = {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}
    for name, value in launched.items():
        monkeypatch.setenv(name, value)
    words = ["--batch-sizes", "32", "--rounds", "1", "--seconds-per-round", "0"]
    rows = read(bsgrow("bench", "train", *words, "--format", "json"))["rows"]
    assert [row["system"] for row in rows] == ["limit", "bsgrow", "torch"]


def made_up_peaks(system, recipe, batch_sizes, seconds):
    return {size: PeakMemory(size * 2**20, None) for size in batch_sizes}


LOADER, TRAIN = ["bench", "loader"], ["bench", "train"]
FOLDER = ["--set", "data.name=folder", "--set", "data.path=.", "--set", "augment.pad=0"]
WRONG = [
    ([*LOADER, "--systems", "xyzzy"], "--systems: 'xyzzy' is not known", "dali-padded, ffcv"),
    ([*LOADER, "--systems", ""], "--systems: '' is not known", "one of bsgrow"),
    ([*LOADER, "--systems", "bsgro"], "--systems: 'bsgro' is not known", '"bsgrow"?'),
    ([*LOADER, "--batch-sizes", ""], "--batch-sizes : '' is not a whole number", "128,1024"),
    ([*LOADER, "--batch-sizes", "0"], "--batch-sizes 0: '0' is not a whole number", "128,1024"),
    ([*LOADER, "--batch-sizes=-1"], "--batch-sizes -1: '-1' is not a whole number", "128,1024"),
    ([*LOADER, "--batch-sizes", str(10**12)], "is not a whole number from 1 to", "128,1024"),
    ([*LOADER, "--batch-sizes", str(2**31 - 1)], "--batch-sizes 2147483647, --shape", "smaller"),
    ([*LOADER, "--device", "gpu"], "--device = 'gpu' is not a device", '"auto"'),
    ([*LOADER, "--path", "none"], "--path none: is for JPEG files", "--data jpeg"),
    (
        [*LOADER, "--data", "jpeg", "--path", "none"],
        "--path none: there is no such folder",
        "class",
    ),
    ([*LOADER, "--data", "jpeg", "--path", "."], "--path .: no JPEG file in a folder", "train/cat"),
    ([*LOADER, "--data", "jpeg", "--num-photographs", str(10**12)], "over half of", "take fewer"),
    ([*LOADER, "--shape", "3x32"], "--shape 3x32: must be channels", "3x32x32"),
    ([*TRAIN, "--batch-sizes", ""], "--batch-sizes : '' is not a whole number", "128,1024"),
    ([*TRAIN, "--batch-sizes", "1e3"], "--batch-sizes 1e3: '1e3' is not a whole", "128,1024"),
    ([*TRAIN, "digit"], "no recipe is called 'digit'", '"digits"?'),
    ([*TRAIN, "--set", "run.device=cuda:9"], "run.device = 'cuda:9' is not there", '"auto"'),
    ([*TRAIN, *FOLDER], "measured on arrays", "loader"),
]


@pytest.mark.parametrize(("words", "message", "hint"), WRONG, ids=lambda value: str(value)[:60])
def test_what_is_wrong_is_said(bsgrow, words, message, hint, tmp_path):
    result = bsgrow(*words)
    assert result.code == 2, result.err
    assert message in result.err
    assert hint in result.err.partition("hint:")[2]
    assert "Traceback" not in result.err
    assert result.out == ""
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


@pytest.mark.parametrize(
    "option", ["--dtype=float31", "--rounds=0", "--num-threads=0", "--pad=-1", "--padding=none"]
)
def test_an_option_out_of_range_is_named(bsgrow, option):
    result = bsgrow("bench", "loader", option)
    assert result.code == 2
    assert option.partition("=")[0] in result.err
    assert "Traceback" not in result.err


def test_no_time_for_a_row_is_one_round(bsgrow):
    words = ["--batch-sizes", "64", "--systems", "limit,bsgrow", "--seconds-per-round", "0"]
    result = bsgrow("bench", "loader", *words, "--seconds-per-row", "0", "--format", "json")
    assert [row["n"] for row in read(result)["rows"]] == [1, 1, 1, 1]


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes as these on this system")
@pytest.mark.parametrize("output", ["table", "json"])
def test_a_reader_that_leaves_is_no_traceback(tmp_path, output):
    words = ["--batch-sizes", "64", "--systems", "limit,bsgrow", *QUICK, "--format", output]
    read_end, write_end = os.pipe()
    os.close(read_end)
    result = subprocess.run(
        command("bench", "loader", *words),
        cwd=tmp_path,
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write_end)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "error" not in result.stderr


def children_of(process):
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def begun(words, folder, num_children):
    """Run a command in a session of its own until it has so many children."""
    # What torch compiles it keeps for later, and would among the temporary files.
    cache = {"TORCHINDUCTOR_CACHE_DIR": str(folder.with_name(f"{folder.name}-compiled"))}
    process = subprocess.Popen(
        command(*words),
        cwd=folder,
        env=os.environ | {"TMPDIR": str(folder)} | cache,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while len(children := children_of(process)) < num_children:
        assert time.monotonic() < deadline, "no worker was started"
        time.sleep(0.05)
    return process, children


def is_running(process):
    """Not so when it ended and nobody asked how."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def assert_stopped(process, children, number, folder):
    try:
        stdout, stderr = process.communicate(timeout=60)
    finally:
        process.kill()  # or leaving its context would wait for it
    assert process.returncode == 128 + number, stderr
    assert stdout == ""
    assert "Traceback" not in stderr
    deadline = time.monotonic() + 20
    while left := [child for child in children if is_running(child)]:
        assert time.monotonic() < deadline, f"{left} still run"
        time.sleep(0.1)
    assert list(folder.iterdir()) == []


looks_in_proc = pytest.mark.skipif(
    sys.platform != "linux", reason="looks for worker processes in /proc"
)
NUMBERS = [signal.SIGINT, signal.SIGTERM]
FOREVER = ["--seconds-per-round", "1e6"]


@looks_in_proc
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("send", [os.kill, os.killpg])
def test_a_signal_leaves_neither_files_nor_processes(tmp_path, number, send):
    """Sent to the command alone, or to all of its processes, as terminals and job queues do."""
    words = ["bench", "loader", "--data", "jpeg", "--batch-sizes", "2", "--num-photographs", "2"]
    words += ["--systems", "torch", "--num-threads", "2", *FOREVER]
    process, workers = begun(words, tmp_path, 2)
    with process:
        send(process.pid, number)
        assert_stopped(process, workers, number, tmp_path)


@looks_in_proc
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("seconds", [0, 5])
def test_a_signal_while_memory_is_measured(tmp_path, number, seconds):
    """While the process that measures it begins, and while it trains."""
    words = ["bench", "train", "--batch-sizes", "32", "--set", "run.device=cpu", *FOREVER]
    process, children = begun(words, tmp_path, 1)
    with process:
        time.sleep(seconds)
        os.killpg(process.pid, number)
        assert_stopped(process, children, number, tmp_path)
