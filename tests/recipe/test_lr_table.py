"""Learning rates from CSV files."""

import tomllib

import pytest

from bsgrow.errors import InputError
from bsgrow.recipe import as_toml, load_recipe, plan_recipe, recipe_from_table


@pytest.fixture
def write(tmp_path):
    def write(text, name="lr.csv"):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write


def load(path, *overrides):
    curve = f"schedule.curve={{name = 'TableLR', path = '{path}'}}"
    return load_recipe("cifar10-grow", [curve, *overrides])


def test_a_table_is_read_into_the_recipe(write):
    recipe = load(write("epochs,lr\n0,0.1\n60,0.02\n120,4e-3\n160,8e-4\n"))
    assert recipe.schedule.curve == {
        "name": "TableLR",
        "positions": [0, 60, 120, 160],
        "lrs": [0.1, 0.02, 0.004, 0.0008],
    }
    phases = plan_recipe(recipe).phases
    assert [phase.global_batch_size for phase in phases] == [128, 640, 3200, 5120]
    assert phases[-1].lr == pytest.approx(0.032, rel=1e-12)
    assert recipe_from_table(tomllib.loads(as_toml(recipe))) == recipe


def test_the_first_column_names_the_unit(write):
    recipe = load(write("samples, lr\n0,0.1\n\n3000000,0.02\n"))
    assert recipe.schedule.unit == "samples"
    assert plan_recipe(recipe).phases[1].start_sample == 3_000_064


def test_a_table_inside_another_curve(write):
    path = write("epochs,lr\n0,0.1\n60,0.02\n")
    inner = f"[{{name='LinearLR'}}, {{name='TableLR', path='{path}'}}]"
    curve = f"schedule.curve={{name='SequentialLR', milestones=[5], schedulers={inner}}}"
    recipe = load_recipe("cifar10-grow", [curve])
    assert plan_recipe(recipe).reference_lr(65 * 50_000) == 0.02


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the first line is ''"),
        ("steps,lr\n0,1\n", "the first line is 'steps,lr'"),
        ("epochs,lr\n0,a\n", "row 2: '0,a' is not two finite numbers"),
        ("epochs,lr\n0,1\n5\n", "row 3: '5' is not two finite numbers"),
        ("epochs,lr\n", "schedule.curve.positions = []: must begin at 0"),
        ("epochs,lr\n1,1\n", "schedule.curve.positions = [1.0]: must begin at 0"),
        ("epochs,lr\n0,nan\n", "row 2: '0,nan' is not two finite numbers"),
    ],
)
def test_a_table_that_is_none(write, text, message):
    path = write(text)
    with pytest.raises(InputError) as caught:
        load(path)
    assert message in caught.value.message


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "none.csv")


def test_units_that_differ(write):
    with pytest.raises(InputError, match=r"counts in samples, schedule\.unit is 'epochs'"):
        load(write("samples,lr\n0,0.1\n"), "schedule.unit=epochs")
