"""`bsgrow show`: where made runs stand, whatever has become of them."""

import json
import math
from dataclasses import replace

import pytest

from bsgrow.cli.show.sparkline import BLOCKS, PLAIN, levels_for, sparkline
from bsgrow.files.lock import locked
from bsgrow.loggers.kept import Kept
from bsgrow.recipe import load_recipe, plan_recipe
from bsgrow.reporting.run_curves import Curve
from bsgrow.training import RunDirectory
from bsgrow.training.events.as_json import to_json
from bsgrow.training.events.failures import RunLeft
from tests.training.made_events import evaluated, finished, progress, started

PLAN = plan_recipe(load_recipe("digits"))
STOPPED = RunLeft(1700, "stopped", "stopped after update 1700")
HALF = (started(), progress(80), evaluated(90), progress(1500), replace(evaluated(1500)))


def make_run(path, *events, plan=PLAN, end=""):
    directory = RunDirectory(path)
    path.mkdir(parents=True)
    directory.recipe.write_text("[data]\n")
    if plan:
        directory.write_plan(plan)
    directory.events.write_text("".join(to_json(event) + "\n" for event in events) + end)
    return path


def shown(bsgrow, *words):
    done = bsgrow("show", *words, "--format", "json")
    assert done.code == 0, done.err
    return json.loads(done.out)["runs"]


def test_a_run_says_where_it_stands(bsgrow, tmp_path):
    path = make_run(tmp_path / "run", *HALF, STOPPED)
    Kept(path / "loggers/wandb.json").update(id="a", where="https://wandb.ai/x")
    done = bsgrow("show", "run")
    assert done.row("state") == "stopped: stopped after update 1700"
    assert done.row("progress") == (
        "phase 2 of 4, update 1700 of 1712 (decaying baseline 4320), "
        "24,000 of 68,976 samples, epoch 16.70 of 48"
    )
    assert done.row("made with").startswith("global batch 64, lr 0.1, momentum 0.9, sgd noise")
    assert done.row("test accuracy") == "97.00% (loss 0.2500); best 97.00% at update 90"
    assert done.row("speed") == "10,000 samples/s, 0:00:02 spent, waiting for data 0%"
    assert done.row("loggers") == "wandb: https://wandb.ai/x"
    assert done.row("go on with") == "bsgrow train --resume --out run"
    assert "global batch          16 ▁▁" in done.out


ENDS = {
    "killed": ((), "", None),
    "stopped": ((STOPPED,), "stopped after update 1700", None),
    "diverged": ((RunLeft(9, "diverged", "the loss is nan"),), "the loss is nan", None),
    "failed": ((RunLeft(9, "failed", "no space"),), "no space", None),
    "finished": ((finished(),), "", None),
}


@pytest.mark.parametrize("state", ENDS)
@pytest.mark.parametrize("end", ["", '{"event": "progr'], ids=["whole", "torn"])
def test_what_has_ended_it_is_told(bsgrow, tmp_path, state, end):
    events, reason, _ = ENDS[state]
    make_run(tmp_path / "run", *HALF, *events, end=end)
    (run,) = shown(bsgrow, "run")
    assert (run["state"], run["reason"]) == (state, reason or None)


def test_one_that_is_trained_is_running_whatever_its_last_end_was(bsgrow, tmp_path):
    path = make_run(tmp_path / "run", *HALF, STOPPED, started(1500), progress(1600))
    with locked(path, "training", "--out"):
        assert "0:00:20 left" in bsgrow("show", "run").row("speed")
        (run,) = shown(bsgrow, "run")
    assert (run["state"], run["num_starts"], run["num_updates"]) == ("running", 2, 1700)
    assert shown(bsgrow, "run")[0]["state"] == "killed"


def test_one_of_an_experiment_has_diverged_by_its_file(bsgrow, tmp_path):
    (make_run(tmp_path / "run", *HALF) / "diverged.json").write_text('{"reason": "loss inf"}')
    (run,) = shown(bsgrow, "run")
    assert (run["state"], run["reason"]) == ("diverged", "loss inf")


@pytest.mark.parametrize("plan", [None, PLAN])
@pytest.mark.parametrize("events", [(), (started(),), (progress(3),), (finished(),)])
def test_what_is_missing_is_left_out(bsgrow, tmp_path, plan, events):
    make_run(tmp_path / "run", *events, plan=plan)
    assert bsgrow("show", "run").code == 0
    (run,) = shown(bsgrow, "run")
    assert run["evaluations"] == []


def test_an_empty_folder_is_a_run_that_has_not_begun(bsgrow, tmp_path):
    (tmp_path / "run").mkdir()
    assert bsgrow("show", "run").row("state").startswith("not begun")
    make_run(tmp_path / "other", *HALF)
    assert [run["state"] for run in shown(bsgrow, "run", "other")] == ["not begun", "killed"]


def test_a_folder_stands_for_the_runs_below_it_side_by_side(bsgrow, tmp_path):
    make_run(tmp_path / "runs/grow/seed0", *HALF, finished())
    make_run(tmp_path / "runs/decay/seed0", *HALF)
    done = bsgrow("show", "runs", "--picture", "curves.svg")
    names = [line.split()[:2] for line in done.out.splitlines()[1:3]]
    assert names == [["decay/seed0", "killed"], ["grow/seed0", "finished"]]
    assert (tmp_path / "curves.svg").read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gone"], "gone is not there"),
        (["file"], "file is a file"),
        (["folder"], "folder holds no run"),
        (["run", "--picture", "a.gif"], "a.gif: a picture of kind '.gif' cannot be written"),
        (["many", "--picture", "a.png"], "9 runs: a picture tells up to 8 apart"),
        (["damaged"], "damaged/events.jsonl, line 2: 'nonsense' is not an event"),
    ],
)
def test_what_is_no_run_is_refused(bsgrow, tmp_path, words, message):
    (tmp_path / "file").touch()
    make_run(tmp_path / "folder/deep/a/b/c")
    make_run(tmp_path / "run")
    for number in range(9):
        make_run(tmp_path / f"many/{number}")
    make_run(tmp_path / "damaged", started(), end="nonsense\n" + to_json(finished()) + "\n")
    done = bsgrow("show", *words)
    assert done.code == 2
    assert message in done.error
    assert done.hint


@pytest.mark.parametrize("width", [1, 8, 37])
def test_a_curve_is_as_wide_as_the_run_and_blank_from_where_it_stands(width):
    rising = Curve("x", [(n, n) for n in range(1, 51)], log=False)
    line = sparkline(rising, 100, width)
    drawn = line.rstrip()
    assert len(line) == width
    assert len(drawn) == math.ceil(width / 2)
    assert list(drawn) == sorted(drawn, key=BLOCKS.index)


def test_a_curve_leaves_out_what_cannot_be_drawn():
    assert sparkline(Curve("x", [(1, math.nan), (2, 0.0)], log=True), 10, 5) == " " * 5
    assert sparkline(Curve("x", [(1, 1.0), (9, math.inf), (10, 1.0)], log=True), 10, 2) == "▁▁"


@pytest.mark.parametrize(
    ("encoding", "levels"), [("utf-8", BLOCKS), ("latin-1", PLAIN), ("", PLAIN)]
)
def test_characters_are_those_that_the_output_has(encoding, levels):
    assert levels_for(encoding) == levels
