"""Learning rates from CSV files."""

import os
import tomllib

import pytest

from bsgrow.errors import InputError
from bsgrow.recipe import as_toml, load_recipe, plan_recipe, recipe_from_table, toml_text


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


def test_rows_beyond_the_bound_are_not_read(write, monkeypatch):
    monkeypatch.setattr("bsgrow.recipe.lr_table._MAX_ROWS", 3)
    text = "epochs,lr\n" + "".join(f"{i},0.1\n" for i in range(3))
    assert load(write(text)).schedule.curve["positions"] == [0, 1, 2]
    with pytest.raises(InputError, match="with it there are more than 3 rows"):
        load(write(text + "3,0.1\nno number"))


@pytest.mark.parametrize("bound", ["_MAX_ROWS", "_MAX_TABLES"])
def test_the_tables_of_a_recipe_are_bounded_together(bound, write, monkeypatch):
    monkeypatch.setattr(f"bsgrow.recipe.lr_table.{bound}", 2)
    text = "epochs,lr\n0,0.1"
    table = f"{{name = 'TableLR', path = '{write(text)}'}}"

    def curve(number):
        tables, stones = ", ".join([table] * number), [*range(9, 9 + number - 1)]
        name = f"name = 'SequentialLR', schedulers = [{tables}], milestones = {stones}"
        return load_recipe("cifar10-grow", [f"schedule.curve={{{name}}}"])

    assert len(curve(2).schedule.curve["schedulers"]) == 2
    with pytest.raises(InputError, match="more than"):
        curve(3)


def test_a_table_at_the_bound_is_read_again_from_the_recipe_of_a_run(write):
    """100 000 rows of the longest numbers, by a hundredth of them."""
    rows = "".join(f"{i and i + 0.1234567890123456},{0.1 - i / 1e15}\n" for i in range(1_000))
    text = as_toml(load(write("epochs,lr\n" + rows), "schedule.epochs=2000"))
    assert len(text) * 100 < toml_text.LARGEST
    assert text.count(",") * 100 < toml_text._MAX_COUNTS[","]
    assert text.count("\n") * 100 < toml_text._MAX_COUNTS["\n"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("epochs,lr\n" + "9" * 5000 + ",1", "row 2: '9999"),
        ("epochs,lr\n1," + "9" * 5000, "row 2: '1,99"),
        ("epochs,lr\n\x00,1", r"row 2: '\\x00,1' is not two finite numbers"),
        ("epochs,lr\n" + "x" * 200_000 + ",1", "field larger than field limit"),
        ("epochs,lr" + ",x" * 10**5, "the first line is 'epochs,lr,x"),
        ("\x1b[31m,lr\n1,2", r"the first line is '\\x1b\[31m,lr'"),
    ],
    ids=range(6),
)
def test_what_is_no_table_is_shown_cut_and_escaped(text, problem, write):
    with pytest.raises(InputError, match=problem) as caught:
        load(write(text))
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 400


def test_a_position_beyond_64_bits_is_a_float(write):
    recipe = load(write(f"epochs,lr\n0,0.1\n{10**300},0.02\n"))
    assert recipe.schedule.curve["positions"] == [0, 1e300]
    assert len(plan_recipe(recipe).phases) == 1


@pytest.mark.parametrize("special", ["/dev/zero", "pipe"])
def test_what_is_no_regular_file_is_no_table(special, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        load(tmp_path / special)
