"""Recipes held against each other, as plain values."""

from bsgrow.reporting.plan_totals import comparison_as_dict, different_keys


def test_different_keys_are_those_of_the_plan(named):
    settings = ["run.seed=1"]
    first, second = named("cifar10-grow")[0], named("cifar10-grow-lr", settings=settings)[0]
    assert different_keys([first.recipe, second.recipe]) == {"growth.lr_scale": [1.0, 5.0]}
    assert different_keys([first.recipe, first.recipe]) == {}
    third = different_keys([first.recipe, first.recipe, second.recipe])
    assert third == {"growth.lr_scale": [1.0, 1.0, 5.0]}


def test_as_plain_values(named):
    entries = named("cifar10-grow", "imagenet-grow")
    value = comparison_as_dict(entries)
    assert value["totals"]["num_updates"] == [29_142, 5865]
    assert value["totals"]["largest_global_batch_size"] == [5120, 65_536]
    assert value["differences"]["data.name"] == ["cifar10", "imagenet"]
