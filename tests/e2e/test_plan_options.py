"""The options of `bsgrow plan` as a user gives them, and what goes wrong with them."""

import csv
import io
import json

import pytest

COSINE = ["--curve", "CosineAnnealingLR", "--curve-arg", "T_max=200"]
WRITTEN = ["--samples", "50000", "--epochs", "200", "--batch-size", "128", "--lr", "0.1", *COSINE]
TOKENS = ["--samples", "244140625", "--epochs", "1", "--lr", "3e-4", "--tokens-per-sample", "4096"]
BENCH = {
    "hardware": {"processor": "EPYC"},
    "versions": {},
    "rows": [
        {"case": "train", "system": "bsgrow", "global_batch_size": size, "samples_per_second": rate}
        for size, rate in ((128, 9000.0), (3200, 30_000.0))
    ],
}


@pytest.mark.parametrize(("name", "start"), [("plan.png", b"\x89PNG"), ("plan.svg", b"<?xml")])
def test_a_picture_beside_the_table(bsgrow, tmp_path, name, start):
    result = bsgrow("plan", *WRITTEN, "--plot", name)
    assert result.code == 0, result.err
    assert (tmp_path / name).read_bytes().startswith(start)
    assert "updates over 200 epochs" in result.out


def test_a_sketch_is_drawn_on_request_and_not_into_a_pipe(bsgrow):
    assert "█" not in bsgrow("plan", "cifar10-grow").out
    lines = bsgrow("plan", "cifar10-grow", "--sketch").out.splitlines()
    assert lines[-1].strip() == "global batch size over epochs"
    assert "█" in lines[-3]


def test_two_recipes_side_by_side(bsgrow):
    result = bsgrow("plan", "cifar10-grow", "cifar10-hybrid")
    assert "34376 (1.18×)" in result.out
    assert "note: cifar10-hybrid: the last update is cut" in result.err
    value = json.loads(bsgrow("plan", "cifar10-grow", "cifar10-hybrid", "--format", "json").out)
    assert [plan["name"] for plan in value["plans"]] == ["cifar10-grow", "cifar10-hybrid"]
    assert value["totals"]["num_updates"] == [29_142, 34_376]
    text = bsgrow("plan", "cifar10-grow", "cifar10-hybrid", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["recipe"] for row in rows] == ["cifar10-grow"] * 4 + ["cifar10-hybrid"] * 4


def test_ranks_and_wall_clock(bsgrow, tmp_path):
    (tmp_path / "bench.json").write_text(json.dumps(BENCH))
    words = ["plan", "cifar10-grow", "--world-size", "1,8", "--throughput", "bench.json"]
    result = bsgrow(*words)
    assert "1, idle 87.5 %" in result.out
    assert "5 min 33 s" in result.out
    assert "predicted, without evaluation and checkpoints" in result.out
    assert "note: no throughput was measured at a global batch of 5120" in result.err
    value = json.loads(bsgrow(*words, "--format", "json").out)
    assert value["phases"][0]["predicted_seconds"] == pytest.approx(3_000_064 / 9000)
    assert len(value["world_sizes"]) == 8


def test_another_system_takes_the_plan(bsgrow):
    words = ["plan", *TOKENS, "--batch-size", "256", "--format", "megatron"]
    result = bsgrow(*words)
    assert result.code == 0, result.err
    assert '--step-batch-size-schedule "0:256"' in result.out


def test_another_system_takes_its_own_micro_batch(bsgrow):
    words = ["plan", *TOKENS, "--batch-size", "256", "--format", "deepspeed"]
    result = bsgrow(*words, "--micro-batch-size", "8", "--world-size", "4")
    assert result.code == 0, result.err
    assert '"train_micro_batch_size_per_gpu": 8' in result.out
    assert '"gradient_accumulation_steps": 8' in result.out


def test_a_schedule_of_another_system_is_read(bsgrow):
    words = ["plan", "--from", "megatron", "0:768 250B:1536", *TOKENS]
    assert "× 0.5" in bsgrow(*words).out
    value = json.loads(bsgrow(*words, "--format", "json").out)
    assert [phase["global_batch_size"] for phase in value["phases"]] == [768, 1536]
    first, last = (phase["sgd_noise_scale"] for phase in value["phases"])
    assert first / last == pytest.approx(2, rel=1e-4)
    rows = list(csv.DictReader(io.StringIO(bsgrow(*words, "--format", "csv").out)))
    assert rows[1]["last_lr"] == "0.0003"


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_what_never_takes_effect_of_it_is_noted(bsgrow, form):
    words = ["plan", "--from", "megatron", "0:768 1t:1536", *TOKENS, "--format", form]
    result = bsgrow(*words)
    assert result.code == 0
    assert "note: 1536 from sample 244140625 never takes effect: the run ends" in result.err
    assert "never" not in result.out


WRONG = [
    (["--plot", "plan.gif"], "plan.gif: a picture of kind '.gif'", ".png, .svg or .pdf"),
    (["--plot", "none/plan.png"], "none/plan.png: cannot be written", "a folder that exists"),
    (["--world-size", "1,x"], "--world-size 1,x: must be numbers", "--world-size 1,8,64"),
    (["--throughput", "none.json"], "none.json: cannot be read", "samples_per_second"),
    (["--format", "megatron"], "Megatron-LM has no learning-rate curve", "--format deepspeed"),
    (
        ["--format", "megatron", "--max-batch-size", "16000"],
        "Megatron-LM counts in tokens",
        "--tokens-per-sample",
    ),
    (["cifar10-grow", "--format", "nemo"], "2 recipes are given", ""),
    (["--from", "nemo", "0:8"], "--from nemo: no such format", "levanter, megatron"),
    (["--from", "megatron", "0:768 250B:1536"], "counts in tokens", "--tokens-per-sample"),
    (
        ["--from", "megatron", "5:8", "--tokens-per-sample", "1"],
        "the first threshold must be 0",
        "0:768 250B:1536",
    ),
    (["--from", "megatron", "0:8", "--plot", "a.png"], "--plot: is for a plan", "--from"),
    (["--from", "megatron", "0:8", "--format", "nemo"], "--format nemo: is for a plan", "--from"),
    (["--from", "megatron", "0:8", "--sketch"], "--sketch: is for a plan", "--from"),
    (["--from", "megatron", "0:8", "--approximate"], "--approximate: is for a plan", "--from"),
    (
        ["--from", "megatron", "0:8", "--format", "csv", "--every", "update"],
        *("--every update: is for a plan", "--from"),
    ),
    (
        ["--format", "csv", "--every", "update", "--throughput", "none.json"],
        *("--throughput: predicts phases", "--every update"),
    ),
    (
        ["--format", "json", "--every", "update"],
        "--every update: is for --format csv",
        "--format csv",
    ),
    (["--efficiency", "2"], "--efficiency: is for a prediction", "add --throughput FILE"),
    (["--all-reduce", "a.json"], "--all-reduce: is for a prediction", "add --throughput FILE"),
    (["--throughput-case", "train"], "--throughput-case: chooses", "add --throughput FILE"),
    (["--micro-batch-size", "8"], "--micro-batch-size: is for a plan in the syntax", "megatron"),
]


@pytest.mark.parametrize(("words", "message", "hint"), WRONG, ids=lambda value: str(value)[:40])
def test_wrong_options(bsgrow, tmp_path, words, message, hint):
    result = bsgrow("plan", "cifar10-grow", *words)
    assert result.code in (1, 2)
    assert message in result.err
    assert hint in result.err
    assert "Traceback" not in result.err
    assert result.out == ""
    assert list(tmp_path.iterdir()) == []
