"""Everyday settings have flags: the same ones, with one meaning, in train, plan and compare."""

import json
import shlex

import pytest

from bsgrow.cli.overrides import KEYS, Overrides, make_overrides
from bsgrow.recipe import load_recipe, recipe_from_table

FLAGS = {
    "epochs": 0.5,
    "lr": 0.05,
    "batch_size": 32,
    "max_batch_size": 64,
    "seed": 3,
    "device": "cpu",
    "data": "my data",
}
OTHER = {"data": "other", "device": "cuda"}
PLANNED = ["--epochs", "3", "--batch-size", "32", "--lr", "0.05", "--max-batch-size", "64"]


def value_of(recipe, key):
    table, name = key.split(".")
    return getattr(getattr(recipe, table), name)


def test_there_is_a_flag_for_each_everyday_key():
    assert FLAGS.keys() == KEYS.keys()


@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_sets_its_key(name):
    recipe = make_overrides(None, **{name: FLAGS[name]}).load("digits")
    assert value_of(recipe, KEYS[name]) == FLAGS[name]
    before = load_recipe("digits").model_dump()
    table, key = KEYS[name].split(".")
    after = recipe.model_dump() | {table: {**recipe.model_dump()[table], key: before[table][key]}}
    assert recipe_from_table(json.loads(json.dumps(after))) == load_recipe("digits")


@pytest.mark.parametrize("name", FLAGS)
def test_set_wins_over_a_flag(name):
    shipped = value_of(load_recipe("digits"), KEYS[name])
    other = OTHER.get(name) or 1 + (shipped or 0)
    changed = make_overrides([f"{KEYS[name]}={other}"], **FLAGS)
    assert value_of(changed.load("digits"), KEYS[name]) == other


@pytest.mark.parametrize("text", ["2024", "true", "[x]", '"', "a = 1", "1e3"])
def test_data_is_a_path_whatever_it_looks_like(text):
    assert make_overrides(None, data=text).load("digits").data.path == text


def test_what_was_given_can_be_said_again():
    changed = make_overrides(["run.log_every_seconds=2", 'schedule.curve.name="StepLR"'], **FLAGS)
    text = shlex.join(changed.words)
    assert text == (
        "--epochs 0.5 --lr 0.05 --batch-size 32 --max-batch-size 64 --seed 3 --device cpu "
        "--data 'my data' --set run.log_every_seconds=2 --set 'schedule.curve.name=\"StepLR\"'"
    )
    assert make_overrides(None, epochs=3.0, lr=1e-5).words == ("--epochs", "3", "--lr", "1e-05")
    assert Overrides({}, ()).words == ()


def test_a_recipe_in_a_file_is_named_beside_what_is_wrong(bsgrow, tmp_path):
    (tmp_path / "own.toml").write_text('data = { name = "digits" }')
    assert bsgrow("plan", "own.toml", "--lr", "1").error.startswith(
        "own.toml, with the options given: model: is missing"
    )


@pytest.mark.parametrize("words", [[], ["digits"]])
def test_the_plan_of_some_flags_is_that_of_their_keys(bsgrow, words):
    flags = [*PLANNED, "--seed", "7", "--device", "cpu", "--set", "schedule.curve.milestones=[1]"]
    keys = ["schedule.epochs=3", "schedule.global_batch_size=32", "schedule.lr=0.05"]
    keys += ["growth.max_batch_size=64", "schedule.curve.milestones=[1]"]
    sets = [word for key in keys for word in ("--set", key)]
    planned = bsgrow("plan", *words, *flags)
    assert planned.code == 0, planned.err
    assert planned.out == bsgrow("plan", "digits", *sets).out


@pytest.mark.parametrize("command", ["train", "plan", "compare"])
def test_help_names_every_flag_with_its_key(bsgrow, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    shown = " ".join(bsgrow(command, "--help").out.replace("│", " ").split())
    for name, key in KEYS.items():
        assert f"--{name.replace('_', '-')}" in shown
        assert key in shown
    assert "wins over a flag that sets the same key" in shown


@pytest.mark.parametrize("command", ["train", "plan", "compare"])
def test_a_value_out_of_range_is_named_by_its_key(bsgrow, command, tmp_path):
    done = bsgrow(command, "--seed", "-1")
    assert (done.code, done.out, list(tmp_path.iterdir())) == (2, "", [])
    assert done.error.startswith("run.seed = -1: must be")
