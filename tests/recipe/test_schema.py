"""The JSON schema of recipes: it takes what is read, and no key, type or number that is not."""

import tomllib

import pytest
from jsonschema import Draft7Validator

from bsgrow.errors import InputError
from bsgrow.recipe import as_toml, load_recipe, shipped_recipes
from bsgrow.recipe.config import Recipe
from bsgrow.recipe.keys import recipe_keys
from bsgrow.recipe.schema import recipe_schema
from bsgrow.recipe.source import Source

SCHEMA = recipe_schema()
VALIDATOR = Draft7Validator(SCHEMA)
KEYS = {key.name: key for key in recipe_keys()}
BEYOND = {
    "exclusiveMinimum": lambda bound: bound,
    "minimum": lambda bound: bound - 1,
    "exclusiveMaximum": lambda bound: bound,
    "maximum": lambda bound: bound + 1,
}


def faults(text):
    return [error.message for error in VALIDATOR.iter_errors(tomllib.loads(text))]


def schema_of(key):
    found = SCHEMA
    for part in key.split("."):
        found = found["properties"][part]
    return found


def bounds():
    for key in KEYS:
        for schema in (schema_of(key), *schema_of(key).get("anyOf", [])):
            for name in BEYOND.keys() & schema.keys():
                yield key, BEYOND[name](schema[name])


def test_it_is_a_schema_of_draft_7():
    Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", shipped_recipes())
def test_what_is_shipped_is_valid_as_written_and_resolved(name):
    assert faults(Source(name).text()) == []
    assert faults(as_toml(load_recipe(name))) == []


@pytest.mark.parametrize(
    "text",
    [
        'extends = "digits"\nunset = ["growth.max_batch_size"]',
        'extends = "digits"\n[model]\nname = "mine:net"\nlayers = [1, 2]',
        'extends = "digits"\n[data]\nname = "mine:data"\nroot = "x"',
        'extends = "digits"\n[data]\nname = "unknown"\nnum_samples = 1000',
        'extends = "digits"\n[growth]\nmax_batch_size = "N/10"\nfactor = "continuous"',
        'extends = "digits"\n[run]\nworld_sizes = [1, 2]\nmicro_batch_size = 8',
        'extends = "digits"\nschedule.curve = { name = "TableLR", path = "lr.csv" }',
        """extends = "digits"\n[schedule.curve]\nname = "LinearWarmup"\ntotal_iters = 5
        curve = { name = "SequentialLR", milestones = [3], schedulers = [
        { name = "ConstantLR" }, { name = "StepLR", step_size = 2 }] }""",
    ],
)
def test_what_is_read_is_valid(text):
    assert faults(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "growth.max_batchsize = 3",
        "shedule.lr = 0.1",
        "lr = 0.1",
        "model.dept = 16",
        "model.name = 'wideresnet'",
        "data.pth = 'x'",
        "data.nam = 'digits'",
        "schedule.curve.gama = 0.1",
        "schedule.curve = { name = 'MultistepLR' }",
        "schedule.curve = { name = 'LinearWarmup', curve = { name = 'StepLR', stepsize = 1 } }",
        "schedule.curve = { name = 'ChainedScheduler', schedulers = [{ name = 'Step' }] }",
        "schedule.epochs = true",
        "schedule.lr = '0.1'",
        "schedule.lr = 0",
        "run.seed = 1.5",
        "run.device = 'gpu'",
        "run.micro_batch_size = 'some'",
        "growth.max_batch_size = 'N/0'",
        "augment.flip = 1",
        "optimizer.betas = [0.9]",
        "optimizer.name = 'adm'",
        "sources = ['ours']",
        "unset = 'growth'",
    ],
)
def test_what_is_wrong_is_found(text):
    assert faults(text) if text.startswith("unset") else faults(with_digits(text))


def with_digits(text):
    """Return the recipe digits with one line changed, as TOML that says all."""
    table = tomllib.loads(Source("digits").text())
    change = tomllib.loads(text)
    for key, value in change.items():
        merge(table, key, value)
    return dump(table)


def merge(table, key, value):
    if isinstance(value, dict) and isinstance(table.get(key), dict) and "name" not in value:
        for name, inner in value.items():
            merge(table[key], name, inner)
    else:
        table[key] = value


def dump(table):
    import tomli_w

    return tomli_w.dumps(table)


@pytest.mark.parametrize("missing", ["data", "model", "schedule", "schedule.lr", "data.name"])
def test_what_is_missing_is_found_unless_it_may_be_inherited(missing):
    table = tomllib.loads(Source("digits").text())
    holder, _, leaf = missing.rpartition(".")
    del (table[holder] if holder else table)[leaf]
    assert faults(dump(table))
    assert faults(dump({"extends": "digits"} | table)) == []


@pytest.mark.parametrize(("key", "value"), [*bounds()], ids=str)
def test_a_bound_that_it_says_is_one_that_a_recipe_has(key, value):
    base = "folder" if key.startswith(("images", "data")) else "digits"
    with pytest.raises(InputError) as caught:
        load_recipe(base, values={key: value})
    assert key in caught.value.message
    assert len([*bounds()]) > 50


def test_every_key_is_said():
    assert all(key.text for key in KEYS.values())
    tables = {name for name in Recipe.model_fields if f"{name}.name" in KEYS}
    assert tables == {"data", "model", "optimizer"}
    growth = KEYS["growth.max_batch_size"]
    assert (growth.type, growth.range, growth.unit) == (
        "whole number or text",
        "at least 1",
        "samples",
    )
    assert growth.text.startswith("Largest global batch size; past it the rest of the decay")
    assert KEYS["run.keep"].default == load_recipe("folder").run.keep
    assert (KEYS["growth.mode"].type, KEYS["growth.mode"].default) == (
        '"decay" or "hybrid" or "grow"', "grow",
    )  # fmt: skip


def test_what_an_editor_shows_of_a_key():
    shown = schema_of("schedule.epochs")
    assert shown["description"].endswith("over the training set. Unit: epochs.")
    gamma = SCHEMA["definitions"]["curve"]["allOf"]
    (step,) = (each for each in gamma if each["if"]["properties"]["name"]["const"] == "StepLR")
    assert step["then"]["properties"]["gamma"]["default"] == 0.1
    assert "multiplies" in step["then"]["properties"]["gamma"]["description"]
