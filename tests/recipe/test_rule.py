"""What is said of a scaling rule that is not the one known for the optimizer."""

import pytest

from bsgrow.recipe import load_recipe, plan_recipe, rule_notes, shipped_recipes

ADAM = "optimizer={name='adam'}"


def said(name, *settings):
    recipe = load_recipe(name, settings)
    return rule_notes(recipe, plan_recipe(recipe))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([ADAM], 'optimizer.name = "adam" by growth.rule = "linear", B ∝ lr, as arXiv 1711.00489'),
        (
            ["optimizer.name=adamw", "optimizer.momentum=0"],
            'optimizer.name = "adamw" by growth.rule',
        ),
        (["growth.rule=sqrt"], 'optimizer.name = "sgd" by growth.rule = "sqrt": the noise of SGD'),
        (["growth.mode=decay", "growth.lr_scale=2", ADAM], "arXiv 2205.10287 and 2510.14717"),
    ],
)
def test_a_rule_that_is_for_another_optimizer(settings, expected):
    (note,) = said("cifar10-grow", "growth.max_batch_size=5000", *settings)
    assert expected in note


@pytest.mark.parametrize("settings", [[], [ADAM, "growth.rule=sqrt"]])
def test_the_rule_of_the_optimizer(settings):
    assert said("cifar10-grow", "growth.max_batch_size=5000", *settings) == []


@pytest.mark.parametrize("settings", [[ADAM], ["growth.rule=sqrt"]])
def test_no_rule_where_the_batch_stays(settings):
    assert said("cifar10-grow", "growth.mode=decay", *settings) == []


def test_what_the_note_names_is_taken():
    (note,) = said("cifar10-grow", ADAM)
    assert 'growth.rule = "sqrt"' in note
    assert "growth.batch_exponent = 1" in note
    assert said("cifar10-grow", ADAM, "growth.rule=sqrt", "growth.batch_exponent=1.0") == []


@pytest.mark.parametrize("name", sorted({*shipped_recipes()} - {"finetune", "folder"}))
def test_the_shipped_recipes_follow_the_literature_or_the_paper(name):
    recipe = load_recipe(name)
    by_the_paper = recipe.optimizer.name == "adam" and recipe.growth.mode != "decay"
    assert [note.partition(" by ")[0] for note in said(name)] == (
        ['optimizer.name = "adam"'] if by_the_paper else []
    )
