"""`bsgrow plan` as people and programs read it."""

import csv
import io
import json
import re
import subprocess
from itertools import pairwise

import pytest

from tests.e2e.conftest import command

PHASE_KEYS = [
    "start_sample",
    "stop_sample",
    "start_epoch",
    "stop_epoch",
    "global_batch_size",
    "lr",
    "momentum",
    "sgd_noise_scale",
    "num_updates",
]


def test_json_is_the_contract(bsgrow):
    plan = json.loads(bsgrow("plan", "cifar10-grow-lr-momentum", "--format", "json").out)
    contract = ["num_samples", "epochs", "num_updates", "baseline_num_updates", "phases"]
    assert list(plan) == [*contract, "curve_allows", "inherited"]
    assert (plan["num_updates"], plan["baseline_num_updates"]) == (2305, 78_125)
    assert all(list(phase) == PHASE_KEYS for phase in plan["phases"])
    assert plan["phases"][-1]["stop_sample"] == 200 * 50_000
    first = plan["phases"][0]
    noise = first["lr"] * (50_000 / first["global_batch_size"] - 1) / (1 - first["momentum"])
    assert first["sgd_noise_scale"] == pytest.approx(noise, rel=1e-15)


def test_csv_has_a_row_for_every_update(bsgrow):
    output = bsgrow("plan", "cifar10-grow-lr", "--format", "csv", "--every", "update").out
    rows = list(csv.DictReader(io.StringIO(output)))
    header = "index,start_sample,stop_sample,global_batch_size,lr,momentum,sgd_noise_scale"
    assert output.splitlines()[0] == header
    assert len(rows) == 6407
    assert all(a["stop_sample"] == b["start_sample"] for a, b in pairwise(rows))
    assert float(rows[0]["lr"]) == 0.5


def test_the_table_says_what_is_saved(bsgrow):
    result = bsgrow("plan", "cifar10-grow")
    assert "256 × 20 × 1" in result.out
    assert "29142 updates" in result.out
    assert "78125 (2.68×)" in result.out
    assert "a global batch of 5120 is over a tenth of the 50000 samples" in result.err


def test_accumulation_follows_micro_batch_and_world_size(bsgrow):
    settings = ["run.micro_batch_size=128", "run.world_size=8"]
    result = bsgrow("plan", "cifar10-grow", settings=settings)
    assert "128 × 5 × 8" in result.out


def test_no_colour_in_a_pipe(started):
    result = started("plan", NO_COLOR="1")
    assert "\x1b" not in result.out + result.err


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    words = command("plan", "cifar10-grow", "--format", "csv", "--every", "update")
    with subprocess.Popen(
        words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


def test_a_plan_needs_no_data_and_no_torch(started):
    result = started("plan", "imagenet-grow", PYTHONPROFILEIMPORTTIME="1")
    assert result.code == 0
    assert re.search(r"\| +pydantic$", result.err, re.MULTILINE), "imports are listed"
    assert not re.search(r"\| +torch$", result.err, re.MULTILINE)
