"""Recipes from TOML: what is allowed, and what is said about the rest."""

import tomllib

import pytest

from bsgrow.errors import InputError
from bsgrow.recipe import (
    Recipe,
    as_toml,
    load_recipe,
    make_arm,
    plan_recipe,
    recipe_from_table,
    shipped_recipes,
)
from bsgrow.recipe.hints import key_hint
from bsgrow.schedule import Growth


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
        ("lr=1", "lr = 1: there is no such key", 'did you mean "schedule.lr"?'),
        ("run.momentum=1", "run.momentum = 1: there is no such key",
         'did you mean "optimizer.momentum" or "growth.momentum"?'),
        ("model.freze=['x']", "model.freze = ['x']: wide_resnet has no", 'did you mean "freeze"?'),
        ("sources={'schedule.lrr'='ours'}", "sources.schedule.lrr: is of a key that the recipe",
         'did you mean "lr"?'),
        ("sources={'shedule'='ours'}", "sources.shedule: is of a key", 'did you mean "schedule"?'),
        ("sources={'schedule.curve.gama'='ours'}", "sources.schedule.curve.gama: is of a key",
         'did you mean "gamma"?'),
        ("extnds='digits'", "extnds = 'digits': there is no such key", 'did you mean "extends"?'),
        ("growth.max_batch_size=-5", "growth.max_batch_size = -5: must be a finite number above 0",
         None),
        ("growth.max_batch_size=0", "growth.max_batch_size = 0: must be a finite number above 0",
         None),
        ("growth.max_batch_size=abc", "growth.max_batch_size = 'abc': must be a valid integer",
         "max_batch_size: Largest global batch size; past it"),
        ("growth.mode=shrink", "growth.mode = 'shrink': must be 'decay', 'hybrid' or 'grow'", None),
        ("growth.lr_scale=0", "growth.lr_scale = 0.0: must be a finite number above 0", None),
        ("growth.multiple_of=-1", "growth.multiple_of = -1: must be a finite number above 0", None),
        ("growth.momentum=1.0", "growth.momentum = 1.0: must be at least 0 and below 1", None),
        ("optimizer.momentum=1", "optimizer.momentum = 1: must be less than 1", None),
        ("optimizer.name=adm", "optimizer.name = 'adm': must be 'sgd', 'adam', 'adamw', 'nadam', ",
         None),
        ("optimizer.weight_decay=-1", "optimizer.weight_decay = -1: must be greater than or equal",
         None),
        ("schedule.epochs=true", "schedule.epochs = True: must be a valid number", None),
        ("schedule.epochs=nan", "schedule.epochs = nan: must be a finite number", None),
        ("schedule.epochs=-3", "schedule.epochs = -3.0: must be a finite number above 0", None),
        ("schedule.lr=1e400", "schedule.lr = inf: must be a finite number", None),
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
        ("schedule.curve={name='StepLR'}", "schedule.curve.step_size: is missing",
         "step_size: distance between two steps"),
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
        ("run.micro_batch_size=some", "run.micro_batch_size = 'some': must be a number from 1 to "
         '2147483647, or "auto"', "Samples per forward and backward pass"),
        ("run.micro_batch_size=-17", "run.micro_batch_size = -17: must be a number", None),
        ("run.micro_batch_size=3000000000", "run.micro_batch_size = 3000000000: must be a", None),
        ("run.num_threads=3000000000", "run.num_threads = 3000000000: must be less than or equal "
         "to 1024", "num_threads: CPU threads of the loader and of torch"),
        ("run.seed=1" + 5000 * "0", "run.seed = '1000", "seed: Seed of the initial weights"),
        ("run.seed=0x1" + 5000 * "0", "run.seed: is an integer of more than 64 bits", "Seed of"),
        ("run.seed=" + 3000 * "[", "[[…: is nested too deep", "--set schedule.lr=0.1"),
        ("schedule" + 3000 * ".curve" + "=1", "…: is nested more than 64 deep", None),
        ("run.odd=inf", "run.odd = inf: must be a finite number", "--set schedule.lr=0.1"),
        ("data.name=\udcff", "data.name = '\\udcff': must be text in UTF-8", "name: A data set"),
        ("data.path=\"a\\u0000b\"", "data.path = 'a\\x00b': must be text", "Folder or archive"),
        ("data..name=3", "--set data..name=3: not of the form key=value", None),
        ("loss.label_smoothing=1", "loss.label_smoothing = 1: must be less than 1",
         "label_smoothing: Share of each training label"),
        ("loss.label_smoothing=-0.1", "loss.label_smoothing = -0.1: must be greater than or", None),
        ("loss.smoothing=0.1", "loss.smoothing = 0.1: there is no such key", "label_smoothing"),
        ("optimizer.eps=inf", "optimizer.eps = inf: must be a finite number", "denominator"),
        ("run.evaluate_every_epochs=nan", "run.evaluate_every_epochs = nan: must be a finite",
         "evaluate_every_epochs: Epochs between two evaluations"),
        ("run.log_every_seconds=inf", "run.log_every_seconds = inf: must be a finite", None),
        ("optimizer.betas=[0.9, '0.5']", "optimizer.betas[1] = '0.5': must be a valid number",
         "betas: Decay of Adam's two averages of the gradient"),
        ("growth.factor=[1]", "growth.factor = [1]: must be a valid number or a valid string",
         "factor: The batch grows in levels of this ratio"),
        ("schedule.curve.gamma=inf", "schedule.curve.gamma = inf: must be a finite number", None),
        ("schedule.curve.milestones=[1, nan]", "schedule.curve.milestones[1] = nan: must", None),
        ("schedule.curve.milestones=['a']", "schedule.curve.milestones[0] = 'a': must be a valid",
         "milestones: where the steps are, ascending and inside the run"),
        ("schedule.curve.name=[1]", "schedule.curve.name = [1]: no such curve", "MultiStepLR"),
        ("schedule.curve.name={}", "schedule.curve.name = {}: no such curve", "MultiStepLR"),
        ("schedule.curve={gamma=0.1}", "schedule.curve.name: is missing", "MultiStepLR"),
        ("optimizer={name='sgd', nesterov=true}", "optimizer.nesterov = true: needs", None),
        ("optimizer.name=adam", "Adam has neither", "Adam takes optimizer.betas"),
        ("optimizer={name='adam', betas=[0.9, 1.0]}", "optimizer.betas = ", None),
        ("model.depth.x=3", "--set model.depth.x=3: depth holds a value, not a table", None),
        ("nonsense", "--set nonsense: not of the form key=value", "--set schedule.lr=0.1"),
        ("augment.pad=-1", "augment.pad = -1 is not a number of pixels", "augment.pad = 4"),
        ("augment.padding=none", "augment.padding = 'none': must be 'zero' or 'reflect'", None),
        ("augment.cutout=-1", "augment.cutout = -1 is not a number of pixels", "cutout = 16"),
        ("augment.rand_augment_magnitude=31", "= 31 is not a magnitude: expected an", "= 9 as is"),
        ("augment.hue=0.6", "augment.hue = 0.6: expected a part of the circle of", "hue = 0.1"),
        ("augment.erase=1.5", "augment.erase = 1.5: expected a probability, 0 to 1", "= 0.25"),
        ("augment.mixup=-1", "augment.mixup = -1.0: expected the α of a Beta", "0.2 as is usual"),
        ("augment.cutmix=-0.1", "augment.cutmix = -0.1: expected the α of a Beta", "1.0 as is"),
        ("augment.flip=1", "augment.flip = 1: must be a valid boolean", "flip: Whether"),
    ],
    ids=lambda value: str(value)[:40],
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
        (["schedule.epochs=1e308"], "1e+308: of 50000 samples each are more than a 64-bit"),
        (["data.num_samples=3"], "data.num_samples = 3: cifar10 has 50000"),
        (["data.name=cifar"], "data.name = 'cifar': no such data set"),
        (["run.ghost_batch_size=256"],
         "run.ghost_batch_size = 256: above the smallest global batch, 128"),
        (["growth.lr_scale=0.5", "run={}"], "run.ghost_batch_size = 128, its default: above the "
         "smallest global batch, 64"),
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


@pytest.mark.parametrize(
    ("override", "hint"),
    [
        ("data.num_samples=3", "leave data.num_samples out"),
        ("run.micro_batch_size=100", "a ghost batch is whole in one micro-batch; 128 is"),
        ("run.ghost_batch_size=256", "set run.ghost_batch_size = 128 or less"),
        ("schedule.epochs=1e30", "epochs: Length of the run in passes over the training set"),
        ("growth.exact=true", "exact: Whether what is held has N/B − 1 in place of"),
    ],
)
def test_a_plan_that_fails_comes_with_a_hint(override, hint):
    exact = ["schedule.global_batch_size=50000", "growth.max_batch_size=50000"]
    recipe = load_recipe("cifar10-grow", [override, *(exact if "exact" in override else [])])
    with pytest.raises(InputError) as caught:
        plan_recipe(recipe)
    assert hint in caught.value.hint


def test_the_nearest_recipe_is_offered():
    with pytest.raises(InputError) as caught:
        load_recipe("cifar10-gro")
    assert caught.value.hint == 'did you mean "cifar10-grow"?'


def test_seventy_recipes_are_not_listed_in_a_hint():
    with pytest.raises(InputError) as caught:
        load_recipe("zzz")
    assert caught.value.hint == "give a path to a TOML file, or a name that `bsgrow recipes` lists"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "cannot read the recipe {}: 'utf-8' codec can't decode"),
        (b"= 3", "{} is not valid TOML"),
        (b"seed = 1" + 5000 * b"0", "{} is not valid TOML"),
        (3000 * b"[", "{} is not valid TOML"),
        (b"", "{0}: data: is missing\n{0}: model: is missing\n{0}: schedule: is missing"),
    ],
    ids=["encoding", "syntax", "long-integer", "deep", "empty"],
)
def test_a_file_that_is_no_recipe_is_named(tmp_path, content, message):
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_recipe(str(path))
    assert caught.value.message.startswith(message.format(path)[:80])
    assert caught.value.hint


def test_a_fault_may_be_the_files_or_an_overrides(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(as_toml(load_recipe("digits")))
    with pytest.raises(InputError, match=r"mine\.toml, with --set: run\.seed = -1: must be"):
        load_recipe(str(path), ["run.seed=-1"])


def test_a_name_of_any_length_is_an_input_error():
    with pytest.raises(InputError) as caught:
        load_recipe(5000 * "a")
    assert len(caught.value.message) < 200


def test_every_key_has_words_for_a_hint():
    tables = {name: field.annotation for name, field in Recipe.model_fields.items()}
    keys = [
        f"{table}.{name}"
        for table, kind in tables.items()
        for name in (
            getattr(kind, "model_fields", None) or getattr(kind, "__dataclass_fields__", {})
        )
        if not name.startswith("__")
    ]
    assert "growth.lr_scale" in keys
    assert "augment.pad" in keys
    assert [key for key in [*tables, *keys] if key_hint(f"{key} = 3: wrong") is None] == []


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_the_seed_of_an_arm_is_checked(seed):
    with pytest.raises(InputError, match=r"run\.seed"):
        make_arm(load_recipe("digits"), "grow", seed)


@pytest.mark.parametrize("name", shipped_recipes())
def test_the_arm_of_a_recipe_that_is_one_already(name):
    recipe = load_recipe(name)
    assert make_arm(recipe, recipe.growth.mode, 0) in (recipe, _as_published(recipe))


def _as_published(recipe):
    return recipe.model_copy(update={"growth": Growth(mode="decay")})


def test_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(InputError, match="cannot read the recipe"):
            load_recipe(str(path))


def test_any_data_set_can_be_planned_by_its_size():
    recipe = load_recipe("cifar10-grow", ["data.name=mine", "data.num_samples=1000000"])
    assert plan_recipe(recipe).num_samples == 1_000_000


def test_a_name_that_is_not_of_the_form_is_refused():
    with pytest.raises(InputError, match="is not of the form"):
        load_recipe("digits", ["model.name=a:b:c"])
