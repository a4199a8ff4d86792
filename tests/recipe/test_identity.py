"""Which changes make another run of a recipe."""

import pytest

from bsgrow.recipe import changed_keys, load_recipe, make_arm, recipe_fingerprint

NAMES = ("folder", "shards", "cifar10")


@pytest.mark.parametrize("override", ["run.device=cpu", "run.num_threads=2", "data.path=elsewhere"])
def test_how_a_run_is_carried_out_may_change(override):
    before, after = load_recipe("digits"), load_recipe("digits", [override])
    assert changed_keys(before, after) == {}
    assert recipe_fingerprint(before) == recipe_fingerprint(after)


def test_what_a_run_is_may_not_change():
    before, after = load_recipe("digits"), load_recipe("digits", ["schedule.lr=0.2"])
    assert changed_keys(before, after) == {"schedule.lr": (0.1, 0.2)}
    assert recipe_fingerprint(before) != recipe_fingerprint(after)


FROZEN = {  # of the shipped recipes, before [loss] came
    "digits": "sha256:112c9f7be1f193c4f00a5d116e8499c330fbecc1e1e5fc963d87abfae8197258",
    "cifar10-grow": "sha256:30ca2163499f266fda339d3bb5fb5ca86d3063452dcd07e4548757fb5676787f",
    "folder": "sha256:6d45ea90e9c159a853b25c6ec8b970ed3e90221600a49dc8a2fa131683e1e6f2",
    "imagenet-grow": "sha256:c8d0354ce02ac2fc1b19e2d443acbe69f9aaabc870e331a7169ae163fda475d7",
}


@pytest.mark.parametrize("name", FROZEN)
def test_a_key_that_came_later_leaves_old_fingerprints_alone(name):
    assert recipe_fingerprint(load_recipe(name)) == FROZEN[name]
    written = load_recipe(name, ["loss.label_smoothing=0"])
    assert recipe_fingerprint(written) == FROZEN[name]


def test_label_smoothing_makes_another_run():
    before, after = load_recipe("digits"), load_recipe("digits", ["loss.label_smoothing=0.1"])
    assert changed_keys(before, after) == {"loss.label_smoothing": (0.0, 0.1)}
    assert recipe_fingerprint(before) != recipe_fingerprint(after)


def test_a_folder_may_give_way_to_its_shards():
    folder, shards, arrays = (
        load_recipe("digits", [f"data.name={name}", "augment={}"]) for name in NAMES
    )
    assert changed_keys(folder, shards) == {}
    assert recipe_fingerprint(folder) == recipe_fingerprint(shards)
    assert "data.name" in changed_keys(folder, arrays)


def test_arms_spend_one_recipe_in_different_ways():
    recipe = load_recipe("cifar10-grow-lr-momentum")
    decay, grow = make_arm(recipe, "decay", 3), make_arm(recipe, "grow", 3)
    assert (decay.growth.mode, decay.growth.lr_scale, decay.growth.momentum) == ("decay", 1.0, None)
    assert grow.growth == recipe.growth
    assert decay.run.seed == grow.run.seed == 3
