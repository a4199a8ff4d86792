"""`bsgrow train`: the main job, and everything that may happen to it."""

import json
import signal
import subprocess
import sys
import time
from contextlib import chdir
from pathlib import Path

import pytest

from tests.e2e.conftest import TINY, command
from tests.full_disk import files_at_most
from tests.in_process import Shell

KEYS = [
    "test_accuracy",
    "test_loss",
    "num_updates",
    "baseline_num_updates",
    "consumed_samples",
    "wall_seconds",
    "samples_per_second",
    "weights_sha256",
    "out",
    "num_skipped",
    "num_test_skipped",
    "num_checkpoints_failed",
    "consumed_tokens",
    "num_overflows",
]
SLOW = [
    *TINY,
    "schedule.epochs=6",
    "run.checkpoint_every_seconds=0",
    "growth.max_batch_size=143",
]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The summary of the slow run when nothing happens to it."""
    with chdir(tmp_path_factory.mktemp("reference")):
        done = Shell()("train", "--out", "run", "--format", "json", settings=SLOW)
    return json.loads(done.out)


def start(folder, settings=SLOW):
    return subprocess.Popen(
        command("train", "--out", "run", settings=settings),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_checkpoint(folder):
    deadline = time.monotonic() + 120
    while not list(folder.glob("run/checkpoints/*.json")):
        assert time.monotonic() < deadline, "no checkpoint was written"
        time.sleep(0.02)


def resume(bsgrow):
    result = bsgrow("train", "--resume", "--out", "run", "--format", "json")
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_the_main_job_reads_the_digits(started):
    result = started("train", "--format", "json")
    summary = json.loads(result.out)
    assert summary["test_accuracy"] >= 0.98
    assert summary["num_updates"] == 1932
    assert summary["baseline_num_updates"] == 4311
    assert summary["out"].startswith("runs/digits-")


def test_json_is_the_contract(reference):
    assert list(reference) == KEYS
    assert reference["consumed_samples"] == 6 * 1437
    assert len(reference["weights_sha256"]) == 64


def test_data_on_stdout_and_progress_on_stderr(started):
    result = started("train", "--out", "run", settings=TINY)
    assert "updates" in result.out
    assert "fewer" in result.out
    assert "bsgrow compare digits" in result.out
    assert "epoch   1.00" in result.err
    assert "epoch   1.00" not in result.out


def test_kill_9_loses_at_most_the_time_since_the_last_checkpoint(bsgrow, tmp_path, reference):
    with start(tmp_path) as process:
        wait_for_checkpoint(tmp_path)
        process.kill()
    assert resume(bsgrow)["weights_sha256"] == reference["weights_sha256"]


def test_ctrl_c_checkpoints_and_says_how_to_go_on(bsgrow, tmp_path, reference):
    with start(tmp_path) as process:
        wait_for_checkpoint(tmp_path)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate()
    assert process.returncode == 130
    assert "hint: go on with: bsgrow train --resume --out run" in stderr
    assert "Traceback" not in stderr
    assert resume(bsgrow)["weights_sha256"] == reference["weights_sha256"]


@pytest.mark.skipif(sys.platform != "linux", reason="looks in /proc for what is loaded")
def test_ctrl_c_before_training_stops_at_once(tmp_path):
    with start(tmp_path) as process:
        deadline = time.monotonic() + 120
        while "libtorch" not in Path(f"/proc/{process.pid}/maps").read_text():
            assert time.monotonic() < deadline, "torch was not imported"
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in stderr


def test_the_same_ctrl_c_passed_on_twice_counts_once(bsgrow, tmp_path, reference):
    with start(tmp_path) as process:
        wait_for_checkpoint(tmp_path)
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGINT)  # at once: a wrapper passing on the same Ctrl-C
        _, stderr = process.communicate()
    assert process.returncode == 130
    assert "a checkpoint is written" in stderr
    assert resume(bsgrow)["weights_sha256"] == reference["weights_sha256"]


def test_a_reader_of_stderr_that_leaves_does_not_end_the_run(bsgrow, tmp_path):
    with start(tmp_path, TINY) as process:
        process.stderr.close()
        process.stdout.read()
    assert process.returncode == 0
    assert (tmp_path / "run" / "summary.json").exists()


def test_a_full_disk_is_reported_and_loses_nothing(bsgrow, tmp_path, reference):
    with files_at_most(100_000):
        result = bsgrow("train", "--out", "run", settings=SLOW)
    assert result.code == 1
    assert "error: cannot write run/checkpoints" in result.err
    assert "Traceback" not in result.err
    assert resume(bsgrow)["weights_sha256"] == reference["weights_sha256"]


def test_a_divergent_run_says_so(bsgrow):
    result = bsgrow("train", "--out", "run", settings=[*TINY, "schedule.lr=1e30"])
    assert result.code == 1
    assert "training diverged" in result.err
    assert "hint: lower schedule.lr" in result.err


def test_next_is_the_recipe_of_the_run(bsgrow):
    bsgrow("train", "--out", "run", settings=TINY)
    result = bsgrow("train", "--resume", "--out", "run")
    assert "bsgrow compare run/recipe.toml" in result.out
