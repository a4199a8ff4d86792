"""`bsgrow bench`, as a user runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bsgrow.bench.systems import SYSTEMS
from tests.e2e.conftest import command

QUICK = ["--rounds", "2", "--seconds-per-round", "0.01"]
FEW = ["--systems", "limit,bsgrow,ffcv,torch", "--num-threads", "1"]


def read(result):
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    """What `bench train` measures on tiny batches, and its table's stderr."""
    words = ["bench", "train", "--batch-sizes", "32,48", *QUICK, "--format", "json"]
    folder = tmp_path_factory.mktemp("training")
    done = subprocess.run(command(*words), cwd=folder, capture_output=True, text=True, check=True)
    (folder / "speed.json").write_text(done.stdout)
    return folder / "speed.json", done.stderr


def test_without_a_command_it_prints_help(bsgrow):
    result = bsgrow("bench")
    assert "loader" in result.stdout + result.stderr
    assert "Measure training" in result.stdout + result.stderr


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
    assert table["rows"][1]["samples_per_second"] > table["rows"][3]["samples_per_second"]
    assert "measuring batch 64" in result.stderr


def test_the_loader_as_a_table(bsgrow):
    result = bsgrow("bench", "loader", "--batch-sizes", "64", *FEW, *QUICK)
    assert result.returncode == 0, result.stderr
    assert "32x32x3 uint8 -> crop (zero pad 4), flip, normalise -> float32 NCHW" in result.stdout
    assert "of the limit" in result.stdout
    assert "bsgrow is" in result.stdout
    assert "\x1b" not in result.stdout
    if "ffcv: ffcv is not installed" not in result.stdout:
        assert result.stdout.count("–  ") == 0


def test_photographs_beside_each_other(bsgrow, tmp_path):
    words = ["--data", "jpeg", "--batch-sizes", "2", "--num-photographs", "4"]
    systems = ["--systems", "limit,torch", "--num-threads", "1"]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    result = bsgrow(
        *("bench", "loader", *words, *systems, *QUICK, "--format", "json"),
        env={"TMPDIR": str(temporary)},
    )
    rows = read(result)["rows"]
    assert [row["system"] for row in rows] == ["limit", "torch"]
    assert rows[0]["samples_per_second"] > rows[1]["samples_per_second"]
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


def test_training_as_a_table(bsgrow):
    words = ["--batch-sizes", "32,100000", "--rounds", "1", "--seconds-per-round", "0.01"]
    result = bsgrow("bench", "train", *words, "--set", "run.micro_batch_size=32")
    assert result.returncode == 0, result.stderr
    assert "update (max)" in result.stdout
    assert "≈" in result.stdout
    assert "MiB" in result.stdout


def test_what_is_wrong_is_said(bsgrow):
    result = bsgrow("bench", "loader", "--systems", "xyzzy")
    assert result.returncode == 2, result.stderr
    assert "--systems: 'xyzzy' is not known" in result.stderr
    assert all(name in result.stderr.partition("hint:")[2] for name in SYSTEMS)
    assert "Traceback" not in result.stderr


def children_of(process):
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for worker processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_neither_files_nor_processes(tmp_path, number):
    words = ["bench", "loader", "--data", "jpeg", "--batch-sizes", "2", "--num-photographs", "2"]
    forever = ["--systems", "torch", "--num-threads", "2", "--seconds-per-round", "1e6"]
    with subprocess.Popen(
        command(*words, *forever),
        cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 60
        while len(workers := children_of(process)) < 2:
            assert time.monotonic() < deadline, "no worker was started"
            time.sleep(0.05)
        process.send_signal(number)
        try:
            stdout, stderr = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 128 + number
    assert stdout == ""
    assert "Traceback" not in stderr
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    assert list(tmp_path.iterdir()) == []
