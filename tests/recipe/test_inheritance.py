"""Recipes that take the keys of others: what is merged, where it is from, and what is refused."""

import json
import tomllib
from pathlib import Path

import pytest

from bsgrow.errors import InputError
from bsgrow.recipe import (
    as_toml,
    changed_keys,
    load_recipe,
    make_arm,
    plan_recipe,
    recipe_fingerprint,
    recipe_from_table,
)
from bsgrow.recipe.origins import ORIGINS

COSINE = '[schedule.curve]\nname = "CosineAnnealingLR"\nT_max = 48\n'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(name, text, extends=None):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((f"extends = {json.dumps(extends)}\n" if extends else "") + text)
    return name


def refused(name, *overrides):
    with pytest.raises(InputError) as caught:
        plan_recipe(load_recipe(name, overrides))
    return caught.value


def test_tables_are_merged_key_by_key():
    recipe = load_recipe(write("a.toml", "[schedule]\nlr = 0.2\n[augment]\nflip = true", "digits"))
    base = load_recipe("digits")
    assert changed_keys(base, recipe) == {"augment.flip": (False, True), "schedule.lr": (0.1, 0.2)}


@pytest.mark.parametrize(
    ("text", "curve"),
    [
        ("milestones = [20, 30]", {"milestones": [20, 30], "gamma": 0.25}),
        ('name = "MultiStepLR"\ngamma = 0.5', {"milestones": [16, 28, 40], "gamma": 0.5}),
        ('name = "StepLR"\nstep_size = 9', {"name": "StepLR", "step_size": 9}),
        ('name = "LinearWarmup"\ntotal_iters = 2\ncurve = { name = "StepLR", step_size = 9 }',
         {"name": "LinearWarmup", "total_iters": 2, "curve": {"name": "StepLR", "step_size": 9}}),
    ],
)  # fmt: skip
def test_a_curve_of_another_name_takes_the_place_of_the_whole_table(text, curve):
    recipe = load_recipe(write("a.toml", f"[schedule.curve]\n{text}", "digits"))
    assert recipe.schedule.curve == {"name": "MultiStepLR", **curve}


def test_so_does_a_curve_inside_another():
    inner = 'curve = { name = "PolynomialLR", total_iters = 9, power = 2.0 }'
    text = f'[schedule.curve]\nname = "LinearWarmup"\ntotal_iters = 2\n{inner}'
    write("a.toml", text, "digits")
    write("b.toml", "[schedule.curve.curve]\npower = 3.0", "a.toml")
    write("c.toml", '[schedule.curve.curve]\nname = "StepLR"\nstep_size = 9', "b.toml")
    curves = [load_recipe(name).schedule.curve["curve"] for name in ("b.toml", "c.toml")]
    assert curves[0] == {"name": "PolynomialLR", "total_iters": 9, "power": 3.0}
    assert curves[1] == {"name": "StepLR", "step_size": 9}


@pytest.mark.parametrize(
    ("text", "table", "left"),
    [
        ('[model]\nname = "resnet50"', "model", {"name": "resnet50"}),
        ('[data]\nname = "mine"', "data", {"name": "mine"}),
        ("[model]\ndepth = 16", "model", {"name": "wide_resnet", "depth": 16, "width": 1}),
    ],
)
def test_so_does_another_model_or_data_set(text, table, left):
    write("base.toml", "[data]\nnum_samples = 1437", "digits")
    made = getattr(load_recipe(write("a.toml", text, "base.toml")), table)
    assert made.model_dump(exclude_unset=True) == left


def test_another_optimizer_keeps_what_is_not_taken_back():
    text = '[optimizer]\nname = "adam"\nmomentum = 0.0'
    optimizer = load_recipe(write("a.toml", text, "digits")).optimizer
    assert (optimizer.name, optimizer.momentum, optimizer.weight_decay) == ("adam", 0.0, 5e-4)


def test_a_key_is_taken_back_to_its_default():
    text = 'unset = ["growth.max_batch_size", "augment"]\n'
    recipe = load_recipe(write("a.toml", text, "digits"))
    assert recipe.growth.max_batch_size is None
    assert recipe.augment.pad == 0
    assert "growth.max_batch_size" not in recipe.inherited["digits"]


def test_any_number_of_levels_from_the_folder_of_each_file():
    write("deep/0.toml", "[schedule]\nlr = 0.3", "digits")
    for level in range(1, 40):
        write(f"deep/{level}.toml", f"[run]\nseed = {level}", f"../deep/{level - 1}.toml")
    recipe = load_recipe(write("a.toml", "", str(Path("deep/39.toml").resolve())))
    assert (recipe.schedule.lr, recipe.run.seed) == (0.3, 39)


def test_an_override_has_the_last_word():
    write("b.toml", "[schedule]\nlr = 0.2", "digits")
    recipe = load_recipe(write("a.toml", "", "b.toml"), ["schedule.lr=0.4"], {"run.seed": 3})
    assert (recipe.schedule.lr, recipe.run.seed) == (0.4, 3)
    assert recipe.inherited.keys() == {"digits"}


def test_what_is_inherited_is_known_by_its_recipe():
    write("b.toml", f"[growth]\nfactor = 1.5\n{COSINE}", "digits")
    recipe = load_recipe(write("a.toml", "[growth]\nmode = 'hybrid'", "b.toml"))
    taken = ["growth.factor", "schedule.curve.T_max", "schedule.curve.name"]
    assert sorted(recipe.inherited["b.toml"]) == taken
    assert "growth.max_batch_size" in recipe.inherited["digits"]
    assert not {"growth.mode", "schedule.curve.gamma"} & {*recipe.inherited["digits"]}


def test_written_out_it_is_the_same_recipe():
    heir = load_recipe(write("a.toml", COSINE, "cifar10-grow"))
    flat = recipe_from_table(heir.model_dump(mode="json", exclude={*ORIGINS}))
    assert not flat.inherited
    assert flat == heir
    assert changed_keys(flat, heir) == {}
    assert recipe_fingerprint(flat) == recipe_fingerprint(heir)
    assert heir != load_recipe("a.toml", ["run.seed=1"])


def test_what_is_written_of_a_run_needs_no_other_file():
    heir = load_recipe(write("a.toml", COSINE, "digits"))
    write("run.toml", as_toml(heir))
    Path("a.toml").unlink()
    again = load_recipe("run.toml")
    assert again == heir
    assert again.inherited == heir.inherited
    assert again.made_from == heir.made_from == "a.toml"
    write("heir.toml", "[run]\nseed = 1", "run.toml")
    assert load_recipe("heir.toml").inherited.keys() == {"run.toml"}


def test_an_arm_inherits_no_key_that_it_changes():
    decay = make_arm(load_recipe(write("a.toml", "", "digits")), "decay", 0)
    assert "schedule.lr" in decay.inherited["digits"]
    assert not {"growth.mode", "growth.max_batch_size"} & {*decay.inherited["digits"]}
    assert recipe_from_table(tomllib.loads(as_toml(decay))) == decay


def test_a_source_goes_with_its_value():
    sources = '[sources]\n"schedule.lr" = "ours"\n"schedule.curve" = "a paper"\n'
    write("b.toml", sources, "digits")
    write("a.toml", '[schedule]\nlr = 0.2\n[sources]\n"schedule.epochs" = "b"', "b.toml")
    assert load_recipe("a.toml").sources["schedule.curve"] == "a paper"
    assert "schedule.lr" not in load_recipe("a.toml").sources
    assert "schedule.curve" not in load_recipe("a.toml", ["schedule.curve.gamma=0.1"]).sources


@pytest.mark.parametrize(
    ("files", "said", "hint"),
    [
        ({"a": "extends = 'a.toml'"}, "a.toml: extends = 'a.toml': a recipe cannot extend itself",
         "leave extends out"),
        ({"a": "extends = './b.toml'", "b": "extends = 'a.toml'"},
         "b.toml, which a.toml extends: extends = 'a.toml': a recipe cannot extend itself, "
         "a.toml → b.toml → a.toml", "leave extends out"),
        ({"a": "extends = 'b.toml'", "b": "extends = 'b.toml'"},
         "b.toml, which a.toml extends: extends = 'b.toml': a recipe", "leave extends out"),
        ({"a": "extends = 'none.toml'"},
         "a.toml: extends = 'none.toml': cannot read the recipe none.toml: No such", "give a path"),
        ({"a": "extends = 'digist'"}, "a.toml: extends = 'digist': no recipe is called 'digist'",
         'did you mean "digits"?'),
        ({"a": "extends = ''"}, "a.toml: extends = '': cannot read the recipe", "give a path"),
        ({"a": "extends = ['digits']"}, "a.toml: extends = ['digits']: must be the name or the",
         'extends = "digits"'),
        ({"a": 'extends = "a\\u0000b"'}, "a.toml: extends = 'a\\x00b': must be the name", "digits"),
        ({"a": "extends = 'b.toml'", "b": "extends = 3"},
         "b.toml, which a.toml extends: extends = 3: must be the name", 'extends = "digits"'),
        ({"a": "extends = 'b.toml'", "b": "= 3"}, "a.toml: extends = 'b.toml': b.toml is not valid "
         "TOML", "text needs quotes"),
        ({"a": "extends = 'b.toml'", "b": "extends = 'digits'\nunset = ['growth.cap']"},
         "b.toml, which a.toml extends: unset = ['growth.cap']: no such key is inherited",
         'did you mean "growth.m'),
        ({"a": "extends = 'digits'\nunset = 'growth'"}, "a.toml: unset = 'growth': must be a list",
         'unset = ["growth.max_batch_size"]'),
        ({"a": "unset = ['growth']"}, "a.toml: unset = ['growth']: no such key", "leave unset out"),
        ({"a": "extends = 'b.toml'", "b": "extends = 'digits'\n[run]\nseed = nan"},
         "b.toml, which a.toml extends: run.seed = nan: must be a finite number", None),
        ({"a": "extends = 'b.toml'", "b": "extends = 'digits'\n[growth]\nfactor = 0.5"},
         "a.toml: growth.factor = 0.5: must be a finite number above 1; inherited from b.toml",
         "continuous"),
        ({"a": "extends = 'b.toml'", "b": "extends = 'digits'\n[growth]\nfactr = 2"},
         "a.toml: growth.factr = 2: there is no such key; inherited from b.toml", '"factor"'),
        ({"a": "extends = 'digits'\n[optimizer]\nname = 'adam'"},
         "Adam has neither; inherited from digits", "Adam takes"),
        ({"a": "extends = 'digits'\n[schedule]\nglobal_batch_size = 200"},
         "growth.max_batch_size = 128: below the first batch, 200; inherited from digits", "=200"),
        ({"a": "extends = 'digits'\n[schedule]\nepochs = 40"},
         "is not before the end of the run, schedule.epochs = 40; inherited from digits", "mile"),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value)[:40],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused_by_both_names(files, said, hint):
    for name, text in files.items():
        write(f"{name}.toml", text)
    error = refused("a.toml")
    assert said in error.message
    assert (hint or "") in (error.hint or "")


def test_a_link_to_itself_is_a_circle():
    write("a.toml", "", "b.toml")
    Path("b.toml").symlink_to("a.toml")
    assert "a recipe cannot extend itself" in refused("a.toml").message


def test_too_many_levels_are_refused():
    for level in range(110):
        write(f"{level}.toml", "", f"{level + 1}.toml")
    message = refused("0.toml").message
    assert message.startswith("100.toml, which 0.toml extends: extends = '101.toml': is more than")


@pytest.mark.parametrize("override", ["extends=digits", "unset=[]"])
def test_what_only_a_file_says_is_not_set(override):
    assert "stands in the file of a recipe" in refused("digits", override).message


@pytest.mark.parametrize("text", ["inherited = 3", "inherited = { a = 3 }", "sources = [1]"])
def test_an_origin_that_is_none_is_named(text):
    recipe = load_recipe("digits").model_copy(update={"sources": {}})
    write("a.toml", f"{text}\n{as_toml(recipe)}")
    assert refused("a.toml").message.startswith(f"a.toml: {text.partition(' ')[0]}")
