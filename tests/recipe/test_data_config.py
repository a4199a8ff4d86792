"""Which keys go with arrays and which with encoded images, and what each may be."""

import pytest

from bsgrow.errors import InputError
from bsgrow.images.crops import CentreCrop, ResizedCrop
from bsgrow.recipe import (
    ImagesConfig,
    as_toml,
    changed_keys,
    load_recipe,
    plan_recipe,
    recipe_from_table,
    resolve,
)

FOLDER = ["data.name=folder", "data.num_samples=60000"]


def folder_recipe(*overrides):
    """A recipe of arrays, made one of a folder."""
    return load_recipe("fashion-mnist", [*FOLDER, "augment={flip=true}", *overrides])


def test_the_defaults_are_those_of_imagenet():
    images = ImagesConfig()
    assert images.crop == ResizedCrop(224, (0.08, 1.0), (3 / 4, 4 / 3))
    assert images.centre_crop == CentreCrop(224, 256)
    assert ImagesConfig(size=64).centre_crop == CentreCrop(64, 73)


def test_images_are_written_and_read():
    recipe = folder_recipe("images={size=64, scale=[0.2, 1.0], resize=70}")
    assert recipe.images.crop.scale == (0.2, 1.0)
    assert recipe.images.centre_crop == CentreCrop(64, 70)
    assert recipe_from_table(recipe.model_dump(mode="json")) == recipe
    assert "[images]" in as_toml(recipe)
    assert "[images]" not in as_toml(load_recipe("digits"))


def test_a_resolved_recipe_says_what_is_shown():
    assert resolve(folder_recipe(), 1).images == ImagesConfig()
    assert resolve(load_recipe("digits"), 1).images is None


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("images.size=0", r"images\.size = 0 is not a number of pixels"),
        ("images.size=2.5", r"images\.size = 2\.5"),
        ("images.scale=[0.5, 1.5]", r"images\.scale = \(0\.5, 1\.5\) is not a range"),
        ("images.scale=[0.5]", r"images\.scale"),
        ("images.ratio=[2.0, 1.0]", r"images\.ratio = \(2\.0, 1\.0\) is not a range"),
        ("images.size=65537", r"images\.size = 65537 is not a number of pixels"),
        ("images.resize=100", r"images\.resize = 100 is smaller than size = 224"),
        ("images.side=3", r"images\.side = 3: there is no such key"),
        ("images=3", r"images = 3"),
        ("data.decoder=pillow", r"data\.decoder = 'pillow': must be 'auto', 'native' or 'dali'"),
        ("data.on_error=ignore", r"data\.on_error = 'ignore': must be 'raise' or 'skip'"),
        ("augment.pad=4", r"augment\.pad = 4: has no effect with data\.name = 'folder'"),
        ("augment.padding=reflect", r"augment\.padding = 'reflect': has no effect"),
        ("augment.cutout=8", r"augment\.cutout = 8: has no effect"),
    ],
)
def test_what_encoded_images_refuse(override, message):
    with pytest.raises(InputError, match=message) as error:
        folder_recipe(override)
    assert error.value.hint


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("images.size=64", r"images = {'size': 64}: has no effect with data\.name = 'digits'"),
        ("data.decoder=native", r"data\.decoder = 'native': has no effect"),
        ("data.on_error=skip", r"data\.on_error = 'skip': has no effect"),
    ],
)
def test_what_arrays_refuse(override, message):
    with pytest.raises(InputError, match=message) as error:
        load_recipe("digits", [override])
    assert "folder" in error.value.hint


@pytest.mark.parametrize("recipe", ["digits", "imagenet-grow"])
def test_workers_are_for_data_of_a_function(recipe):
    with pytest.raises(InputError, match=r"run\.num_workers = 2: has no effect") as error:
        load_recipe(recipe, ["run.num_workers=2"])
    assert "run.num_threads" in error.value.hint
    own = ["data.name=a:b", "augment={}", "run.num_workers=2"]
    assert load_recipe("digits", own).run.num_workers == 2


def test_imagenet_is_planned_by_its_name_and_shown_as_encoded_images():
    settings = ["data.on_error=skip", "data.decoder=native", "images.size=299"]
    recipe = load_recipe("imagenet-grow", settings)
    assert recipe.images.centre_crop == CentreCrop(299, 342)
    assert plan_recipe(recipe).num_samples == 1_281_167
    assert resolve(load_recipe("imagenet-grow"), 1).images == ImagesConfig()
    with pytest.raises(InputError, match=r"augment\.pad = 4: has no effect"):
        load_recipe("imagenet-grow", ["augment.pad=4"])


def test_a_run_may_go_on_with_another_decoder_or_without_bad_files():
    after = folder_recipe("data.decoder=dali", "data.on_error=skip", "data.path=elsewhere")
    assert changed_keys(folder_recipe(), after) == {}
    assert changed_keys(folder_recipe(), folder_recipe("images.size=64")) != {}


def test_a_folder_is_planned_by_its_size_or_where_it_is():
    assert plan_recipe(folder_recipe()).num_samples == 60_000
    with pytest.raises(InputError, match=r"data\.path is not set"):
        plan_recipe(load_recipe("fashion-mnist", ["data.name=folder", "augment={}"]))
