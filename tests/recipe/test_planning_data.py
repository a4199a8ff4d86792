"""What the data contradict is said when a run is planned, where the recipe says where they are."""

import shutil

import pytest

from bsgrow.data.packing import PackOptions, pack
from bsgrow.errors import InputError
from bsgrow.recipe import load_recipe, make_planned, plan_recipe
from bsgrow.training.loaders import load_data
from tests.photo_folder import write_photographs


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    return write_photographs(tmp_path_factory.mktemp("photographs") / "all", 12, 3)


@pytest.fixture
def alone(photographs, tmp_path):
    """A training split without a held-out one."""
    return shutil.copytree(photographs / "train", tmp_path / "alone/train").parent


def folder(path, *overrides):
    return load_recipe("folder", [f"data.path={path}", *overrides])


def refused(recipe):
    """Return what planning says, which is what training says."""
    with pytest.raises(InputError) as planning:
        plan_recipe(recipe)
    with pytest.raises(InputError) as training:
        load_data(recipe.data)
    assert (planning.value.message, planning.value.hint) == (
        training.value.message,
        training.value.hint,
    )
    return planning.value


def test_a_folder_is_counted_and_kept_open(photographs):
    planned = make_planned(folder(photographs, "data.num_samples=24"))
    assert planned.plan.num_samples == planned.dataset.num_samples == 24


def test_a_stated_number_that_is_not_there(photographs):
    error = refused(folder(photographs, "data.num_samples=5000"))
    assert "data.num_samples = 5000: there are 24 training images" in error.message


def test_no_held_out_split(alone):
    error = refused(folder(alone))
    assert "neither val nor test is there" in error.message
    assert "--set data.test_fraction=0.1" in error.hint
    assert plan_recipe(folder(alone, "data.test_fraction=0.1")).num_samples < 24


def test_classes_that_differ(photographs, tmp_path):
    other = shutil.copytree(photographs, tmp_path / "other")
    shutil.rmtree(other / "val/china")
    assert "only in the training split: china" in refused(folder(other)).message


def test_one_class_alone(alone):
    shutil.rmtree(alone / "train/flower")
    error = refused(folder(alone, "data.test_fraction=0.5"))
    assert "all images are of one class, china" in error.message


def test_shards_of_another_number(photographs, tmp_path):
    pack(photographs, tmp_path / "packed", PackOptions())
    shards = folder(tmp_path / "packed", "data.name=shards", "data.num_samples=3")
    assert "data.num_samples = 3: there are 24 training images" in refused(shards).message


@pytest.mark.parametrize(
    "name", ["digits", "fashion-mnist", "cifar10-grow", "imagenet-grow", "folder"]
)
def test_a_path_where_nothing_is(name):
    error = refused(load_recipe(name, ["data.path=/nowhere"]))
    assert "data.path = '/nowhere'" in error.message


@pytest.mark.parametrize("name", ["imagenet-grow", "cifar10-grow", "folder"])
def test_without_a_path_only_the_number_is_needed(name):
    given = ["data.num_samples=5000"] if name == "folder" else []
    assert make_planned(load_recipe(name, [*given, "data.path="])).dataset is None


@pytest.mark.parametrize("fraction", ["0", "1", "-0.5", "nan", "'a'"])
def test_a_fraction_is_between_0_and_1(fraction):
    with pytest.raises(InputError, match=r"data.test_fraction = .*: must be"):
        load_recipe("folder", [f"data.test_fraction={fraction}"])


@pytest.mark.parametrize("name", ["digits", "imagenet-grow"])
def test_a_named_set_has_its_own_held_out_split(name):
    with pytest.raises(InputError, match=r"data.test_fraction = 0.1: has no effect"):
        load_recipe(name, ["data.test_fraction=0.1"])
