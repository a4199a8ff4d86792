"""An experiment on the command line: which part is wanted, what is listed, what is refused."""

import json

import pytest

from bsgrow.cli.compare import printing

EXPERIMENT = """
recipe = "digits"
seeds = 3
[optimizers.momentum]
[optimizers.nesterov]
overrides.optimizer.nesterov = true
[arms.decay]
[arms.grow]
[arms.low-lr]
mode = "decay"
seeds = 1
optimizers = ["momentum"]
overrides.schedule.lr = 0.025
"""
LISTED = ("compare", "small.toml", "--dry-run")


@pytest.fixture
def shell(bsgrow, tmp_path, monkeypatch):
    monkeypatch.setattr(printing, "measure_run", lambda task, opened: task.num_samples / 1000)
    (tmp_path / "small.toml").write_text(EXPERIMENT)
    return bsgrow


def test_a_dry_run_lists_and_makes_nothing(shell, tmp_path):
    done = shell(*LISTED, "--jobs", "3")
    assert done.code == 0, done.err
    rows = [line.split() for line in done.out.splitlines()]
    assert rows[1][:2] == ["decay", "momentum"]
    assert rows[1][-10:] == ["3", "4311", "1", "min", "09", "s", "3", "min", "27", "s"]
    assert "13 of 13 runs are left" in done.out
    assert "3 at a time: about 4 min 59 s" in done.out
    assert [path.name for path in tmp_path.iterdir()] == ["small.toml"]


def test_a_part_is_listed_for_programs(shell):
    words = ("--only", "grow,low-lr", "--optimizers", "momentum", "--seeds", "0,2")
    listed = json.loads(shell(*LISTED, *words, "--format", "json", "--out", "x").out)
    assert [run["out"] for run in listed["runs"]] == [
        *("x/grow/momentum/seed-0", "x/low-lr/momentum/seed-0", "x/grow/momentum/seed-2"),
    ]
    assert (listed["num_runs"], listed["num_done"], listed["seconds"]) == (
        3,
        0,
        pytest.approx(103.464),
    )
    assert {run["num_samples"] for run in listed["runs"]} == {48 * 1437}


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (("--arms", "gorw"), "--arms gorw: small has none such", "it has decay, grow, low-lr"),
        (("--optimizers", "adam"), "--optimizers adam: small", "it has momentum, nesterov"),
        (("--seeds", "7"), "--seeds 7: small has none such", "it has 0, 1, 2"),
        (("--seed", "1"), "--seed 1: an experiment has its own seeds", "--seeds 1"),
        (("--lr", "0"), "schedule.lr = 0.0", ""),
        (("--set", "growth.mod=grow"), "growth.mod = 'grow': there is no such key", "mode"),
    ],
)
def test_what_is_not_there_is_refused(shell, words, error, hint):
    done = shell(*LISTED, *words)
    assert (done.code, done.out) == (2, "")
    assert error in done.error
    assert hint in done.hint


def test_a_recipe_has_no_optimizers_to_choose(bsgrow):
    done = bsgrow("compare", "digits", "--optimizers", "adam", "--dry-run")
    assert (done.code, done.error) == (2, "--optimizers adam: digits has none such")
