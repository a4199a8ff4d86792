"""Experiments as files: what they say, what is refused, and which runs come of them."""

import pytest

from bsgrow.errors import InputError
from bsgrow.experiments import (
    Margin,
    Part,
    experiment_as_toml,
    is_experiment,
    load_experiment,
    recipe_of,
    runs_in_order,
)
from bsgrow.experiments.runs import planned_arms
from bsgrow.recipe import OpenedData, recipe_from_table

TEXT = """
recipe = "digits"
seeds = 2
overrides = { schedule = { epochs = 4, curve.milestones = [1, 2, 3] }, run.device = "cpu" }
margin = { value = 0.005 }

[optimizers.momentum]
[optimizers.adam]
label = "Adam"
overrides = { optimizer = { name = "adam", momentum = 0.0 }, "schedule.lr" = 1e-3 }

[arms.decay]
[arms.grow]
expect = "same"
[arms.low-lr]
group = "controls"
mode = "decay"
expect = "differs"
seeds = [5]
optimizers = ["momentum"]
[arms.low-lr.overrides]
schedule.lr = 0.025
schedule.curve = { name = "ConstantLR", factor = 1.0 }
"""

BASE = """
data = { name = "digits" }
model = { name = "wide_resnet", depth = 10, width = 1 }
schedule = { epochs = 1, lr = 0.1, global_batch_size = 16 }
"""


def write(folder, text=TEXT, name="small.toml"):
    path = folder / name
    path.write_text(text)
    return str(path)


@pytest.fixture
def experiment(tmp_path):
    return load_experiment(write(tmp_path))


def test_an_experiment_says_what_each_run_trains(experiment):
    recipes = {str(key): recipe_of(experiment, key) for key in runs_in_order(experiment)}
    low = recipes["low-lr/momentum/seed-5"]
    assert (low.schedule.lr, low.schedule.curve) == (0.025, {"name": "ConstantLR", "factor": 1.0})
    assert (low.schedule.epochs, low.growth.mode, low.run.seed) == (4, "decay", 5)
    adam = recipes["grow/adam/seed-1"]
    assert (adam.optimizer.name, adam.optimizer.weight_decay, adam.schedule.lr) == (
        *("adam", 5e-4),
        1e-3,
    )
    assert (adam.growth.mode, adam.growth.max_batch_size) == ("grow", 128)
    assert recipes["decay/momentum/seed-0"].growth.max_batch_size is None  # all of it is taken back
    assert experiment.margin == Margin(value=0.005)
    assert experiment.label_of("grow", "adam") == "grow, Adam"


def test_all_arms_have_a_seed_before_the_next_begins(experiment):
    assert [str(key) for key in runs_in_order(experiment)] == [
        *("decay/momentum/seed-0", "grow/momentum/seed-0", "low-lr/momentum/seed-5"),
        *("decay/adam/seed-0", "grow/adam/seed-0"),
        *("decay/momentum/seed-1", "grow/momentum/seed-1"),
        *("decay/adam/seed-1", "grow/adam/seed-1"),
    ]
    part = runs_in_order(experiment, Part(["decay"], None, [1]))
    assert [str(key) for key in part] == ["decay/momentum/seed-1", "decay/adam/seed-1"]


@pytest.mark.parametrize("part", [Part(arms=["hybrid"]), Part(optimizers=["sgd"]), Part(seeds=[7])])
def test_a_part_that_is_not_there_is_refused(experiment, part):
    with pytest.raises(InputError, match="small has none such"):
        runs_in_order(experiment, part)


def test_what_is_written_reads_back_and_needs_no_other_file(experiment, tmp_path):
    (tmp_path / "base.toml").write_text('recipe = "digits"')  # not what the name in it means
    text = experiment_as_toml(experiment)
    assert load_experiment(write(tmp_path, text, "copy.toml")) == experiment


def test_a_recipe_by_path_lies_beside_the_file(tmp_path):
    write(tmp_path, BASE, "base.toml")
    (tmp_path / "deeper").mkdir()
    path = write(tmp_path / "deeper", 'recipe = "../base.toml"\n[arms.decay]')
    experiment = load_experiment(path, ["run.keep=3"], {"run.keep": 4, "schedule.epochs": 2.0})
    assert (experiment.recipe.schedule.epochs, experiment.recipe.run.keep) == (2, 3)
    assert experiment.seeds == (0, 1, 2)
    assert is_experiment(path)
    assert not any(map(is_experiment, (str(tmp_path / "base.toml"), "digits", "none.toml")))


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "recipe: is missing", 'recipe = "digits"'),
        ("recipe = 3", "recipe = 3: not a name", "path"),
        ('recipe = "digit"', "no recipe is called 'digit'", "digits"),
        ('recipe = "digits"', "arms: there is none", "[arms.decay]"),
        ('recipe = "digits"\narm = 1', "arm = 1: there is no such key", "arms"),
        ('recipe = "digits"\narms = 3', "arms = 3: must be a table", "docs"),
        ("[arms.decay", "is not valid TOML", "docs"),
        (TEXT.replace("seeds = 2", "seeds = [1, 1]"), "seeds = [1, 1]: must be a number", "seeds"),
        (TEXT.replace("seeds = 2", "seeds = true"), "seeds = True: must be a number", "seeds"),
        (TEXT.replace("seeds = [5]", "seeds = [-5]"), "arms.low-lr.seeds", "docs"),
        (TEXT.replace("value = 0.005", "value = -1"), "margin.value = -1", "docs"),
        (TEXT.replace("expect =", "expects ="), "arms.grow.expects = 'same': there", "expect"),
        (TEXT.replace('"same"', '"equal"'), "arms.grow.expect = 'equal': must be 'same'", "docs"),
        (TEXT.replace("[arms.grow]", '[arms."../x"]'), "arms: '../x' names a folder", None),
        (TEXT.replace('["momentum"]', '["sgd"]'), "arms.low-lr.optimizers = 'sgd'", "momentum"),
        (TEXT.replace('["momentum"]', "7"), "arms.low-lr.optimizers = 7", "docs"),
        ('baseline = "x"' + TEXT, "baseline = 'x': is not one of them", "decay, grow, low-lr"),
        (TEXT.replace("run.device", "run.devise"), "overrides: run.devise = 'cpu'", "device"),
    ],
)  # fmt: skip
def test_what_is_refused_names_file_key_and_value(tmp_path, text, message, hint):
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_experiment(path)
    assert caught.value.message.startswith(f"{path}: ")
    assert message in caught.value.message
    assert hint is None or hint in (caught.value.hint or "")


def test_an_arm_that_cannot_be_planned_is_named(tmp_path):
    text = TEXT.replace("schedule.lr = 0.025", "run.ghost_batch_size = 64")
    experiment = load_experiment(write(tmp_path, text))
    with pytest.raises(InputError, match=r"^arm low-lr, optimizer momentum: run.ghost_batch_size"):
        planned_arms(experiment, runs_in_order(experiment), OpenedData())


def test_arms_are_planned_once_for_all_seeds(experiment):
    planned = planned_arms(experiment, runs_in_order(experiment), OpenedData())
    updates = {pair: each.plan.num_updates for pair, each in planned.items()}
    assert len(updates) == 5
    assert updates["decay", "adam"] == 360  # 4 epochs of 1 437 samples, 16 an update


def test_a_recipe_that_inherits_is_as_good_as_any(tmp_path):
    text = 'recipe = "digits-sgd-grow"\n[arms.decay]\n[arms.grow]\noverrides.schedule.lr = 0.2'
    experiment = load_experiment(write(tmp_path, text))
    for key in runs_in_order(experiment)[:2]:
        recipe = recipe_of(experiment, key)
        assert recipe_from_table(recipe.model_dump(mode="json")) == recipe
    assert load_experiment(write(tmp_path, experiment_as_toml(experiment))) == experiment
