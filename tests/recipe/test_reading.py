"""Recipes from TOML: what is allowed, and what is said about the rest."""

import tomllib

import pytest

from bsgrow.errors import InputError
from bsgrow.recipe import as_toml, load_recipe, plan_recipe, recipe_from_table, shipped_recipes


@pytest.mark.parametrize("name", shipped_recipes())
def test_a_shipped_recipe_survives_being_written_and_read(name):
    recipe = load_recipe(name)
    assert recipe.description
    assert recipe_from_table(tomllib.loads(as_toml(recipe))) == recipe


def test_a_path_works_like_a_name(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(as_toml(load_recipe("cifar10-grow")))
    assert load_recipe(str(path)) == load_recipe("cifar10-grow")


def test_overrides_are_read_as_toml():
    overrides = ["growth.max_batch_size=8192", "schedule.curve.milestones=[50, 100]"]
    recipe = load_recipe("cifar10-grow", [*overrides, "data.path=/some/where"])
    assert recipe.growth.max_batch_size == 8192
    assert recipe.schedule.curve["milestones"] == [50, 100]
    assert recipe.data.path == "/some/where"


def test_defaults_that_follow_from_the_schedule():
    recipe = load_recipe("cifar10-grow")
    assert (recipe.ghost_batch_size, recipe.micro_batch_size) == (128, 256)
    small = load_recipe("cifar10-grow", ["run.ghost_batch_size=48"])
    assert small.micro_batch_size == 240, "whole ghost batches"


@pytest.mark.parametrize(
    ("override", "message", "hint"),
    [
        ("growth.max_batchsize=3", "growth.max_batchsize = 3: there is no such key",
         'did you mean "max_batch_size"?'),
        ("shedule.lr=1", "shedule = {'lr': 1}: there is no such key", 'did you mean "schedule"?'),
        ("growth.max_batch_size=-5", "growth.max_batch_size = -5: must be a finite number above 0",
         None),
        ("growth.max_batch_size=0", "growth.max_batch_size = 0: must be a finite number above 0",
         None),
        ("growth.max_batch_size=abc", "growth.max_batch_size = 'abc': must be a valid integer",
         None),
        ("growth.mode=shrink", "growth.mode = 'shrink': must be 'decay', 'hybrid' or 'grow'", None),
        ("growth.lr_scale=0", "growth.lr_scale = 0.0: must be a finite number above 0", None),
        ("growth.multiple_of=-1", "growth.multiple_of = -1: must be a finite number above 0", None),
        ("growth.momentum=1.0", "growth.momentum = 1.0: must be at least 0 and below 1", None),
        ("optimizer.momentum=1", "optimizer.momentum = 1: must be less than 1", None),
        ("optimizer.name=adm", "optimizer.name = 'adm': must be 'sgd' or 'adam'", None),
        ("optimizer.weight_decay=-1", "optimizer.weight_decay = -1: must be greater than or equal",
         None),
        ("schedule.epochs=true", "schedule.epochs = True: must be a valid number", None),
        ("schedule.epochs=nan", "schedule.epochs = nan: must be a finite number above 0", None),
        ("schedule.epochs=-3", "schedule.epochs = -3.0: must be a finite number above 0", None),
        ("schedule.lr=1e400", "schedule.lr = inf: must be a finite number above 0", None),
        ("schedule.global_batch_size=0", "schedule.global_batch_size = 0: must be", None),
        ("schedule.curve.milestones=[120,60]", "schedule.curve.milestones = [120.0, 60.0]: must be "
         "above 0 and ascending", None),
        ("schedule.curve.milestones=[0,60]", "schedule.curve.milestones = [0.0, 60.0]", None),
        ("schedule.curve.milestones=3", "schedule.curve.milestones = 3: must be a list", None),
        ("schedule.curve.gama=0.2", "schedule.curve.gama = 0.2: MultiStepLR has no such argument",
         'did you mean "gamma"?'),
        ("schedule.curve.gamma=0", "schedule.curve.gamma = 0.0: must be above 0", None),
        ("schedule.curve.name=MultistepLR", "schedule.curve.name = 'MultistepLR': no such curve",
         'did you mean "MultiStepLR"?'),
        ("schedule.curve={name='StepLR'}", "schedule.curve.step_size: is missing", None),
        ("schedule.curve={name='StepLR', step_size=0}", "schedule.curve.step_size = 0.0: must be",
         None),
        ("schedule.curve={name='ConstantLR', factor=2}", "schedule.curve.factor = 2.0: must be",
         None),
        ("schedule.curve={name='ConstantLR', total_iters=-1}",
         "schedule.curve.total_iters = -1.0: must not be negative", None),
        ("schedule.curve=3", "schedule.curve = 3: must be a table", None),
        ("schedule=3", "schedule = 3: must be a table", None),
        ("data={}", "data.name: is missing", None),
        ("run.seed=-1", "run.seed = -1: must be greater than or equal to 0", None),
        ("run.micro_batch_size=some", "run.micro_batch_size = 'some': must be a number above 0 or",
         None),
        ("optimizer={name='sgd', nesterov=true}", "optimizer.nesterov = true: needs", None),
        ("optimizer.name=adam", "Adam has neither", "Adam takes optimizer.betas"),
        ("optimizer={name='adam', betas=[0.9, 1.0]}", "optimizer.betas = ", None),
        ("model.depth.x=3", "--set model.depth.x=3: depth holds a value, not a table", None),
        ("nonsense", "--set nonsense: not of the form key=value", "--set schedule.lr=0.1"),
        ("augment.pad=-1", "pad = -1", None),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_its_key(override, message, hint):
    with pytest.raises(InputError) as caught:
        load_recipe("cifar10-grow", [override])
    assert message in caught.value.message
    assert (hint or "") in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["growth.max_batch_size=100"], "growth.max_batch_size = 100: below the first batch, 128"),
        (["growth.multiple_of=256"], "growth.multiple_of = 256: above the first batch, 128"),
        (["schedule.global_batch_size=50001"], "below the first batch"),
        (["schedule.global_batch_size=60000", "growth.max_batch_size=70000"],
         "a global batch of 60000, more than the 50000 samples"),
        (["schedule.curve.gamma=0.001"], "global batch of"),
        (["schedule.epochs=120"], "the milestone 160 is not before the end of the run"),
        (["schedule.epochs=1e30"], "more than a 64-bit cursor counts"),
        (["data.num_samples=3"], "data.num_samples = 3: cifar10 has 50000"),
        (["data.name=cifar"], "data.name = 'cifar': no such data set"),
        (["run.ghost_batch_size=256"], "run.ghost_batch_size = 256: above the first global batch"),
        (["run.micro_batch_size=100"], "run.micro_batch_size = 100: not a multiple"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_each_other_are_named(overrides, message):
    if "gamma" in overrides[0]:
        overrides = [*overrides, "growth={mode='grow'}"]
    recipe = load_recipe("cifar10-grow", overrides)
    with pytest.raises(InputError) as caught:
        plan_recipe(recipe)
    assert message in caught.value.message


def test_the_nearest_recipe_is_offered():
    with pytest.raises(InputError) as caught:
        load_recipe("cifar10-gro")
    assert caught.value.hint == 'did you mean "cifar10-grow"?'


@pytest.mark.parametrize("content", [b"\xff\xfe", b"= 3", b""])
def test_a_file_that_is_no_recipe(tmp_path, content):
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(InputError):
        load_recipe(str(path))


def test_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(InputError, match="cannot read the recipe"):
            load_recipe(str(path))


def test_any_data_set_can_be_planned_by_its_size():
    recipe = load_recipe("cifar10-grow", ["data.name=mine", "data.num_samples=1000000"])
    assert plan_recipe(recipe).num_samples == 1_000_000
