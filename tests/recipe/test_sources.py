"""Where the values of the shipped recipes are from: each is somebody's, and says whose."""

import re

import pytest

from bsgrow.recipe import load_recipe, shipped_recipes
from bsgrow.recipe.identity import flat_recipe
from bsgrow.recipe.origins import touched

EXPERIMENTS = sorted({*shipped_recipes()} - {"finetune", "folder"})
KINDS = r"paper: section \d|other: arXiv \d{4}\.\d{5}|ours$|ours: |two readings: "
CHOSEN = [  # keys that a recipe of the paper's experiments has to answer for
    *("model.name", "optimizer.momentum", "optimizer.weight_decay", "schedule.epochs"),
    *("schedule.lr", "schedule.global_batch_size", "schedule.curve", "growth.mode"),
    *("run.ghost_batch_size",),
]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_value_says_whose_it_is(name):
    recipe = load_recipe(name)
    chosen = [key for key in CHOSEN if key != "optimizer.momentum" or recipe.optimizer.momentum]
    if recipe.growth.max_batch_size is not None:
        chosen.append("growth.max_batch_size")
    assert [key for key in chosen if not touched(recipe.sources, [key])] == []
    assert [text for text in recipe.sources.values() if not re.match(KINDS, text)] == []


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_source_is_that_of_a_key(name):
    recipe = load_recipe(name)
    keys = flat_recipe(recipe)
    assert [key for key in recipe.sources if not touched(keys, [key])] == []


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_another_reading_is_shipped(name):
    for text in load_recipe(name).sources.values():
        named = re.search(r"which ([\w.-]+) has", text)
        assert named is None or named[1] in shipped_recipes()


def test_the_two_readings_of_the_milestones():
    first, other = (load_recipe(f"cifar10{reading}-decay") for reading in ("", "-180"))
    assert first.schedule.curve["milestones"] == [60, 120, 160]
    assert other.schedule.curve["milestones"] == [60, 120, 180]
    for recipe in (first, other):
        assert recipe.sources["schedule.curve.milestones"].startswith("two readings: 60, 120, 1")
