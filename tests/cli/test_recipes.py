"""`bsgrow recipes`: what is shown and copied means what the recipe means, and nothing is lost."""

import json
import shlex
from pathlib import Path

import pytest

from bsgrow.recipe import load_recipe, plan_recipe, shipped_recipes
from bsgrow.recipe.source import Source


@pytest.mark.parametrize(
    ("name", "option"),
    [*((name, []) for name in shipped_recipes()), ("cifar10-grow", ["--resolved"])],
)
def test_a_copy_loads_as_the_recipe_does(bsgrow, name, option):
    assert bsgrow("recipes", "copy", name, "mine.toml", *option).code == 0
    text, copied = Path("mine.toml").read_text(), load_recipe("mine.toml")
    assert copied == load_recipe(name)
    assert (text == Source(name).text()) == (not option)
    assert ("extends" in text) == ("extends" in Source(name).text() and not option)


def test_a_recipe_is_shown_with_its_comments(bsgrow):
    assert bsgrow("recipes", "show", "digits").out == Source("digits").text()
    assert "# Whose the values are" in bsgrow("recipes", "show", "digits").out
    resolved = bsgrow("recipes", "show", "cifar10-grow", "--resolved").out
    Path("written.toml").write_text(resolved)
    written, recipe = load_recipe("written.toml"), load_recipe("cifar10-grow")
    assert plan_recipe(written) == plan_recipe(recipe)
    assert "lr = 0.1\n" in resolved


def test_a_copy_replaces_a_file_only_by_force(bsgrow):
    Path("mine.toml").write_text("mine")
    refused = bsgrow("recipes", "copy", "digits", "mine.toml")
    assert (refused.code, Path("mine.toml").read_text()) == (2, "mine")
    assert refused.error == "mine.toml is there already, and is left as it is"
    assert bsgrow.paste(refused.hint.partition(": ")[2]).code == 0
    assert load_recipe("mine.toml") == load_recipe("digits")


def test_a_link_is_not_written_through(bsgrow):
    Path("other").write_text("other")
    Path("mine.toml").symlink_to("other")
    assert bsgrow("recipes", "copy", "digits", "mine.toml").code == 2
    assert bsgrow("recipes", "copy", "digits", "mine.toml", "--force").code == 0
    assert Path("other").read_text() == "other"


@pytest.mark.parametrize("name", ["mine", "digits", "-mine", "my recipe.toml"])
def test_the_command_that_is_named_plans_the_copy(bsgrow, name):
    written = bsgrow("recipes", "copy", "digits-hybrid", "--", name)
    (note,) = written.notes
    shown = bsgrow.paste(note.partition(": ")[2])
    assert shown.out == bsgrow("plan", "digits-hybrid").out


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (["digist", "a"], "no recipe is called 'digist'", 'did you mean "digits"?'),
        (["digits", "."], ". is a folder", "bsgrow recipes copy digits digits.toml"),
        (["digits", "no/a"], "cannot write no/a: there is no folder no", "make the folder first"),
        (["own/mine.toml", "a"], "extends = './base.toml': is a path from the folder of own/mine.t",
         "bsgrow recipes copy own/mine.toml a --resolved"),
        (["broken.toml", "a"], "broken.toml: growth.mod = 1: there is no such key", "mode"),
    ],
)  # fmt: skip
def test_what_cannot_be_copied_is_told(bsgrow, words, error, hint):
    Path("own").mkdir()
    assert bsgrow("recipes", "copy", "digits", "own/base.toml").code == 0
    Path("own/mine.toml").write_text('extends = "./base.toml"')
    Path("broken.toml").write_text('extends = "digits"\n[growth]\nmod = 1')
    done = bsgrow("recipes", "copy", *words)
    assert done.code == 2
    assert done.error.startswith(error)
    assert hint in done.hint
    assert not Path("a").exists()


def test_a_recipe_that_extends_a_file_is_copied_beside_it_or_written_out(bsgrow):
    assert bsgrow("recipes", "copy", "digits", "base.toml").code == 0
    Path("mine.toml").write_text('extends = "base.toml"\n[run]\nseed = 3')
    Path("below").mkdir()
    for words in (["beside.toml"], ["below/written.toml", "--resolved"]):
        assert bsgrow("recipes", "copy", "mine.toml", *words).code == 0
        assert load_recipe(words[0]) == load_recipe("mine.toml")


def test_the_list_says_what_is_saved_and_whose_the_values_are(bsgrow):
    listed = json.loads(bsgrow("recipes", "--format", "json").out)
    assert sorted(listed) == shipped_recipes()
    assert listed["digits"]["num_updates_saved"] == 4311 - 1932
    assert listed["digits"]["values_from"] == ["paper", "other", "ours"]
    assert (listed["folder"]["num_updates_saved"], listed["folder"]["values_from"]) == (None, [])
    known = {"paper", "other", "two readings", "ours"}
    for name in shipped_recipes():
        said = {text.partition(":")[0] for text in load_recipe(name).sources.values()}
        assert said == {*listed[name]["values_from"]} <= known
    row = next(line for line in bsgrow("recipes").out.splitlines() if line.startswith("digits  "))
    assert shlex.split(row)[:4] == ["digits", "1932", "2379", "2.23×"]


def test_the_schema_is_printed(bsgrow):
    schema = json.loads(bsgrow("recipes", "schema").out)
    assert schema["properties"]["growth"]["properties"]["multiple_of"]["minimum"] == 1
