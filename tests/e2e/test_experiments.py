"""An experiment whose command is killed: its processes stop, and its runs go on where they were."""

import json
import signal
import subprocess
import time
from pathlib import Path

from bsgrow.files.lock import is_locked
from tests.e2e.conftest import command

EXPERIMENT = """
recipe = "digits"
seeds = [7]
[overrides]
run = { device = "cpu", checkpoint_every_seconds = 0.05 }
schedule = { epochs = 2, global_batch_size = 48, curve.milestones = [1] }
[arms.decay]
[arms.grow]
"""
WORDS = ("compare", "experiment.toml", "--format", "json", "--out")


def weights(folder):
    summaries = (json.loads(path.read_text()) for path in sorted(folder.rglob("summary.json")))
    return [summary["weights_sha256"] for summary in summaries]


def until(met):
    while not met():
        time.sleep(0.05)


def test_an_experiment_that_is_killed_goes_on(bsgrow, tmp_path):
    Path("experiment.toml").write_text(EXPERIMENT)
    runs = [Path("killed", arm, "seed-7") for arm in ("decay", "grow")]
    process = subprocess.Popen(command(*WORDS, "killed", "--jobs", "2"))
    until(lambda: all([*run.glob("checkpoints/*.json")] for run in runs))
    process.kill()
    assert process.wait() == -signal.SIGKILL
    until(lambda: not any(map(is_locked, runs)))
    assert not is_locked(Path("killed"))
    for folder in ("killed", "whole"):
        done = bsgrow(*WORDS, folder, "--jobs", "1")
        assert done.code == 0, done.err
    assert weights(Path("killed")) == weights(Path("whole"))
    assert [arm["arm"] for arm in json.loads(done.out)["arms"]] == ["decay", "grow"]
