"""`bsgrow train --resume` without a folder: the newest run that is not finished."""

import inspect
import os
import sys
from pathlib import Path

import pytest

from bsgrow.errors import InputError
from bsgrow.files.lock import is_locked, locked
from bsgrow.recipe import load_recipe
from bsgrow.training import RunDirectory, newest_unfinished_run, unfinished

TINY = ["--epochs", "0.1", "--set", 'schedule.curve={name="ConstantLR",factor=1.0}']


def begin(path, worked_on=1000):
    """Write a run that has begun and was worked on at a second."""
    directory = RunDirectory(Path(path))
    directory.make()
    directory.create(load_recipe("digits"))
    directory.events.write_text("")
    os.utime(directory.events, (worked_on, worked_on))
    return directory


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Path("runs")


def test_the_run_that_was_worked_on_last_goes_on(bsgrow, tmp_path):
    first = bsgrow("train", *TINY, "--out", "runs/a")
    (tmp_path / "runs/a/summary.json").unlink()
    begin("runs/b")
    done = bsgrow("train", "--resume", "--device", "cpu")
    assert done.code == 0, done.err
    assert done.notes[0] == "going on with runs/a, the newest run that is not finished"
    assert done.row("weights") == first.row("weights")
    assert done.row("next") == "bsgrow compare runs/a/recipe.toml --device cpu"
    assert (tmp_path / "runs/a/summary.json").exists()


def test_a_flag_that_makes_it_another_run_is_refused(bsgrow):
    begin("runs/a")
    done = bsgrow("train", "--resume", "--lr", "0.2")
    assert (done.code, done.out) == (2, "")
    assert done.error == "the recipe of runs/a has changed: schedule.lr was 0.1, is 0.2"


def test_a_checkpoint_counts_as_work_and_the_name_does_not(runs):
    early, late = begin(runs / "z"), begin(runs / "a", worked_on=2000)
    assert newest_unfinished_run(runs) == late
    early.checkpoints.mkdir()
    os.utime(early.checkpoints, (3000, 3000))
    assert newest_unfinished_run(runs) == early


def test_runs_at_any_depth_and_behind_links_count(runs, tmp_path):
    arm = begin(runs / "compare-digits" / "grow" / "seed-0")
    assert newest_unfinished_run(runs) == arm
    begin(tmp_path / "disk" / "b", worked_on=2000)
    (runs / "linked").symlink_to(tmp_path / "disk")
    (runs / "circle").symlink_to(runs.resolve())
    assert newest_unfinished_run(runs).path == runs / "linked" / "b"


def test_links_in_circles_and_many_ways_to_a_folder(runs):
    """Forty folders with two links each to the next one: 2**40 ways to the last."""
    for number in range(40):
        (runs / f"{number}").mkdir(parents=True)
        for name in ("one", "two"):
            (runs / f"{number}" / name).symlink_to(f"../{number + 1}")
    (runs / "self").symlink_to("self")
    (runs / "there").symlink_to("back")
    (runs / "back").symlink_to("there")
    run = begin(runs / "40")
    assert newest_unfinished_run(runs) == run


def test_a_run_deeper_than_python_calls(runs):
    run = begin(runs.joinpath(*["d"] * 200))
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 150)
    try:
        assert newest_unfinished_run(runs) == run
    finally:
        sys.setrecursionlimit(limit)


def test_more_names_than_anybody_has_runs(runs, monkeypatch):
    monkeypatch.setattr(unfinished, "_MOST_NAMES", 10)
    for number in range(10):
        (runs / str(number)).mkdir(parents=True)
    with pytest.raises(InputError, match="no run is below runs/"):
        newest_unfinished_run(runs)
    (runs / "3" / "one more").touch()
    with pytest.raises(InputError, match="more than 10 names are below runs/") as caught:
        newest_unfinished_run(runs)
    assert caught.value.hint.endswith("bsgrow train --resume --out DIR")


def test_what_cannot_go_on_is_counted(bsgrow, tmp_path):
    assert bsgrow("train", "--resume").error == "--resume: no run is below runs/"
    for name in ("done", "done-too"):
        assert bsgrow("train", *TINY, "--out", f"runs/{name}").code == 0
    damaged = begin("runs/damaged")
    damaged.recipe.write_text("[data")
    busy = begin("runs/busy")
    with busy.locked():
        done = bsgrow("train", "--resume")
    assert (done.code, done.out) == (2, "")
    assert done.error == (
        "--resume: no unfinished run is below runs/, of 4: 1 cannot be read, 2 finished, "
        "1 in use by another process"
    )
    assert done.hint == "name the folder of a run: bsgrow train --resume --out DIR"


def test_a_summary_that_is_damaged_does_not_finish_a_run(runs):
    run = begin(runs / "a")
    run.summary.write_text("{")
    assert newest_unfinished_run(runs) == run


def test_looking_at_a_lock_takes_none(tmp_path):
    assert not is_locked(tmp_path)
    with locked(tmp_path, "training", "--out"):
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)
    with locked(tmp_path, "training", "--out"):
        pass
