"""Paths that are no UTF-8: text in files, and the same path again, wherever they are named."""

import io
import json
import os
import sys
import tomllib
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bsgrow.cli.text_output import prepare_text_output
from bsgrow.errors import InputError
from bsgrow.recipe import as_toml, load_recipe, make_arm, plan_recipe, recipe_from_table
from bsgrow.recipe.planning import open_data
from bsgrow.reporting.plan_plot import plan_figure
from bsgrow.text.path_text import from_text, to_text
from bsgrow.training import RunDirectory, carry_out, read_events
from bsgrow.training.events.as_json import from_json, to_json
from bsgrow.training.events.events import CheckpointSaved, RunFinished

NAMES = [b"a\xff", b"\xc3", b"\xed\xb3\xbf", "\u00e9 \n'$x_$\"".encode(), "\uefff".encode()]
SHORT = [
    "schedule.epochs=0.1",
    "schedule.curve={name='ConstantLR', factor=1.0}",
    "run.device=cpu",
]


@given(st.binary())
@example(b"\xff\xfe")
@example("\uef80\uefff\ue000".encode() + b"\xff")
def test_every_path_has_a_text_of_its_own(name):
    path = os.fsdecode(name)
    text = to_text(path)
    assert from_text(text) == path
    assert from_text(text.encode("utf-8").decode()) == path


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Co"])))
def test_a_path_in_utf_8_is_its_own_text(path):
    assert to_text(path) == path
    assert from_text(path) == path


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_keeps_the_path_of_its_data(name):
    path = os.fsdecode(name)
    recipe = load_recipe("folder", [], {"data.path": to_text(path)})
    assert recipe.data.path == path
    assert recipe_from_table(tomllib.loads(as_toml(recipe))) == recipe
    assert make_arm(recipe, "grow", 3).data.path == path


def test_a_path_is_taken_as_the_command_line_gives_it():
    assert load_recipe("folder", ["data.path=a\udcff"]).data.path == "a\udcff"
    assert load_recipe("folder", [], {"data.path": "a\udcff"}).data.path == "a\udcff"


@pytest.mark.parametrize(
    "override",
    ["data.name=a\udcff", "model.name=a\udcff", "description=\udc80", 'data.path="a\\u0000"',
     "schedule.curve={name='StepLR', step_size=1, path='a\udcff'}"],
)  # fmt: skip
def test_what_is_no_path_is_text(override):
    key = override.partition("=")[0]
    with pytest.raises(InputError, match=key):
        load_recipe("folder", [override])


@pytest.mark.parametrize("name", NAMES)
def test_the_folder_of_that_name_is_read(tmp_path, name):
    folder = tmp_path / os.fsdecode(name)
    for split, class_name in product(("train", "val"), (b"dog", b"cat\xff")):
        images = folder / split / os.fsdecode(class_name)
        images.mkdir(parents=True)
        for k in range(2):
            (images / os.fsdecode(b"\xff%d.jpg" % k)).write_bytes(b"no image")
    recipe = load_recipe("folder", [], {"data.path": to_text(str(folder))})
    assert open_data(recipe.data).num_samples == 4


def test_files_of_such_names_are_read(tmp_path):
    recipe, table = (tmp_path / os.fsdecode(name) for name in (b"\xff.toml", b"\xff.csv"))
    recipe.write_text(as_toml(load_recipe("digits")), "utf-8")
    table.write_text("epochs,lr\n0,0.1\n1,0.05\n", "utf-8")
    curve = f"schedule.curve={{name='TableLR', path='{table}'}}"
    loaded = load_recipe(str(recipe), [curve, "growth.max_batch_size=32"])
    assert loaded.schedule.curve["lrs"] == [0.1, 0.05]
    assert tomllib.loads(as_toml(loaded))


@pytest.mark.parametrize("name", NAMES[:1])
def test_a_run_in_a_folder_of_such_a_name_goes_on(tmp_path, name):
    folder = tmp_path / os.fsdecode(name)

    def run(resume):
        return carry_out(
            load_recipe("digits", SHORT),
            RunDirectory(folder),
            resume=resume,
            on_event=lambda event: None,
            should_stop=lambda: False,
        )

    finished = run(resume=False)
    assert finished.out == str(folder)
    assert run(resume=True) == finished
    (folder / "summary.json").unlink()
    assert run(resume=True).weights_sha256 == finished.weights_sha256
    saved = [e for e in read_events(folder / "events.jsonl") if isinstance(e, CheckpointSaved)]
    assert Path(saved[0].path).parent == folder / "checkpoints"


@pytest.mark.parametrize("name", NAMES)
def test_an_event_keeps_a_path(name):
    event = CheckpointSaved(3, os.fsdecode(name))
    assert from_json(to_json(event)) == event
    assert json.loads(to_json(event))["path"] == event.path
    finished = RunFinished(0.5, 0.5, 1, 1, 1, 1.0, 1.0, "0", os.fsdecode(name))
    assert from_json(to_json(finished)) == finished


def test_streams_write_a_name_as_it_is(monkeypatch):
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    prepare_text_output()
    for stream in (sys.stdout, sys.stderr):
        stream.write("runs-\udcff 2×\n")
        stream.flush()
        assert stream.buffer.getvalue() == b"runs-\xff 2?\n"


@pytest.mark.parametrize("name", [*NAMES, b"$\\frac$"])
def test_a_name_in_a_picture_is_no_formula(name):
    plan = plan_recipe(load_recipe("digits"))
    plan_figure([plan, plan], [os.fsdecode(name), "digits"]).canvas.draw()
