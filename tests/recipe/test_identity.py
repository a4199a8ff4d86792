"""Which changes make another run of a recipe."""

import pytest

from bsgrow.recipe import changed_keys, load_recipe, make_arm, recipe_fingerprint
from bsgrow.recipe.identity import LATER_KEYS

NAMES = ("folder", "shards", "cifar10")


@pytest.mark.parametrize(
    "override",
    [
        "run.device=cpu",
        "run.num_threads=2",
        "run.keep=5",
        "model.gradient_checkpointing=true",
        "data.path=elsewhere",
    ],
)
def test_how_a_run_is_carried_out_may_change(override):
    before, after = load_recipe("digits"), load_recipe("digits", [override])
    assert changed_keys(before, after) == {}
    assert recipe_fingerprint(before) == recipe_fingerprint(after)


def test_the_workers_of_a_function_may_change():
    own = ["data.name=a:b", "augment={}"]
    before, after = load_recipe("digits", own), load_recipe("digits", [*own, "run.num_workers=2"])
    assert changed_keys(before, after) == {}
    assert recipe_fingerprint(before) == recipe_fingerprint(after)


def test_what_a_run_is_may_not_change():
    before, after = load_recipe("digits"), load_recipe("digits", ["schedule.lr=0.2"])
    assert changed_keys(before, after) == {"schedule.lr": (0.1, 0.2)}
    assert recipe_fingerprint(before) != recipe_fingerprint(after)


FROZEN = {  # of the shipped recipes, before augment.cutout, [images] and [loss] came
    "digits": "sha256:96b269c4aadb6d53b04c59a463e8300401a255eccad2abef45538294f57672c1",
    "cifar10-grow": "sha256:82ae1773b636a56acf6531147985e533a649f9f6461950df2f9e69bf27550932",
    "imagenet-grow": "sha256:e256cdf27c1aadc58e71355c5f3e0d8c19e82cf30116828f8d3a1fa1eba50815",
}


@pytest.mark.parametrize("name", FROZEN)
def test_a_key_that_came_later_leaves_old_fingerprints_alone(name):
    assert recipe_fingerprint(load_recipe(name)) == FROZEN[name]
    off = [f"{key}={value}" for key, value in LATER_KEYS.items() if key.startswith("augment.")]
    written = load_recipe(name, ["loss.label_smoothing=0", *off])
    assert recipe_fingerprint(written) == FROZEN[name]


ADAMW = ("optimizer.name=adamw", "optimizer.momentum=0", "optimizer.weight_decay=0.1")
SQRT_ADAMW = (*ADAMW, "growth.rule=sqrt")
OF_SQRT_ADAMW = "sha256:6fcd6f292f848da72c2f3daeba5b0e77293ed01ede6edb5d38de96c2d7f09cf5"


def test_what_moves_with_the_batch_is_part_of_a_run_only_where_it_came_later():
    """The fingerprint is what the version before growth.rescale wrote."""
    unmoved = load_recipe("digits", [*SQRT_ADAMW, 'growth.rescale=["batch_norm"]'])
    assert recipe_fingerprint(unmoved) == OF_SQRT_ADAMW
    moved = load_recipe("digits", SQRT_ADAMW)
    assert changed_keys(unmoved, moved) == {
        "growth.rescale": (["batch_norm"], ["adam", "weight_decay", "batch_norm"])
    }
    assert recipe_fingerprint(moved) != OF_SQRT_ADAMW


@pytest.mark.parametrize("settings", [(), ADAMW, SQRT_ADAMW[3:], SQRT_ADAMW[:2]])
def test_constants_that_nothing_moves_make_no_other_run(settings):
    one = load_recipe("digits", settings)
    rescale = 'growth.rescale=["batch_norm", "adam", "ema_decay", "adam"]'
    other = load_recipe("digits", [*settings, rescale])
    assert recipe_fingerprint(one) == recipe_fingerprint(other)
    assert "growth.rescale" in changed_keys(one, load_recipe("digits", ["growth.rescale=[]"]))


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


def test_an_arm_moves_the_constants_that_its_recipe_moves():
    recipe = load_recipe("digits", ["growth.rescale=[]"])
    assert [make_arm(recipe, arm, 0).growth.rescale for arm in ("decay", "grow")] == [(), ()]
