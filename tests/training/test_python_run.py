"""A run and a comparison as Python starts them."""

import pytest

import bsgrow
from bsgrow.training import RunDirectory, read_events, to_dict
from bsgrow.training.origin import code_digests, read_origin

SHORT = ["schedule.epochs=1", "schedule.curve.milestones=[0.5]", "run.device=cpu"]


def test_a_run_returns_what_it_ended_with(tmp_path):
    events = []
    finished = bsgrow.train("digits", out=tmp_path / "run", overrides=SHORT, on_event=events.append)
    assert finished == events[-1] == RunDirectory(tmp_path / "run").read_summary()
    assert [to_dict(each) for each in events] == [
        to_dict(each) for each in read_events(tmp_path / "run" / "events.jsonl")
    ]


def test_a_run_records_what_it_was_begun_with(tmp_path):
    bsgrow.train("digits", out=tmp_path / "run", overrides=SHORT)
    origin = read_origin(RunDirectory(tmp_path / "run"))
    assert (origin.code, origin.device) == (code_digests(), "cpu")
    assert origin.code.keys() >= {"training", "loading", "models", "_native"}
    assert origin.data.startswith("sha256:")
    assert origin.versions.keys() >= {"bsgrow", "torch", "python"}
    (tmp_path / "run" / "origin.json").write_text("{}")
    assert read_origin(RunDirectory(tmp_path / "run")) is None


def test_a_recipe_that_was_loaded_trains_as_one_that_is_named(tmp_path):
    recipe = bsgrow.load_recipe("digits", SHORT)
    loaded = bsgrow.train(recipe, out=tmp_path / "loaded")
    named = bsgrow.train("digits", out=tmp_path / "named", overrides=SHORT)
    assert loaded.weights_sha256 == named.weights_sha256


def test_a_run_that_is_stopped_goes_on(tmp_path):
    arguments = {"out": tmp_path / "run", "overrides": SHORT}
    from bsgrow.training import InterruptedRunError

    with pytest.raises(InterruptedRunError):
        bsgrow.train(should_stop=lambda: True, **arguments)
    whole = bsgrow.train(out=tmp_path / "whole", overrides=SHORT)
    assert bsgrow.train(resume=True, **arguments).weights_sha256 == whole.weights_sha256


def test_without_a_directory_a_new_one_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = {bsgrow.train(overrides=SHORT).out for _ in range(2)}
    assert len(paths) == 2
    assert all((tmp_path / path / "summary.json").exists() for path in paths)


def test_a_directory_that_holds_another_run_is_refused(tmp_path):
    bsgrow.train(out=tmp_path / "run", overrides=SHORT)
    with pytest.raises(bsgrow.InputError, match="run"):
        bsgrow.train(out=tmp_path / "run", overrides=[*SHORT, "run.seed=1"])


def test_a_comparison_returns_its_arms_and_makes_no_run_twice(tmp_path):
    arms = bsgrow.compare("digits", seeds=[0, 1], out=tmp_path, overrides=SHORT)
    assert [arm.name for arm in arms] == ["decay", "grow"]
    assert [arm.seeds for arm in arms] == [(0, 1), (0, 1)]
    assert arms[1].num_updates < arms[0].num_updates
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("summary.json")}
    again = bsgrow.compare("digits", seeds=[0, 1], out=tmp_path, overrides=SHORT)
    assert [arm.runs for arm in again] == [arm.runs for arm in arms]
    assert {path: path.stat().st_mtime_ns for path in written} == written


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"recipe": 3}, "recipe = 3: must be a Recipe, a text or a Path"),
        ({"recipe": None}, "recipe = None: must be"),
        ({"overrides": "schedule.epochs=1"}, "overrides = .*: must be a list"),
        ({"overrides": [3]}, "overrides = .*: must be a list"),
        ({"recipe": bsgrow.load_recipe("digits")}, "overrides: change a recipe that is given by"),
    ],
)
def test_what_is_no_recipe_or_no_change_of_one_is_refused(wrong, message, tmp_path):
    arguments = {"recipe": "digits", "out": tmp_path / "run", "overrides": SHORT} | wrong
    for start in (bsgrow.train, bsgrow.compare):
        with pytest.raises(bsgrow.InputError, match=message):
            start(**arguments)
    assert not (tmp_path / "run").exists()


def test_what_is_no_folder_is_refused():
    with pytest.raises(bsgrow.InputError, match="out = 3: must be a text, a Path or None"):
        bsgrow.train(out=3, overrides=SHORT)


@pytest.mark.parametrize("seeds", ["0", 3, [], [0, 0]])
def test_seeds_are_a_list_without_one_twice(seeds, tmp_path):
    with pytest.raises(bsgrow.InputError, match=r"seeds = .*: (must be|expected) a list of"):
        bsgrow.compare(seeds=seeds, out=tmp_path, overrides=SHORT)
