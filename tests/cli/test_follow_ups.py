"""Commands that `train` and `compare` print: each can be pasted, from a folder with a space too."""

import json
import shlex
from pathlib import Path

import pytest

from bsgrow.cli import terminal
from bsgrow.recipe import load_recipe
from bsgrow.training import RunDirectory
from tests.photo_folder import write_photographs

TINY = ["--epochs", "0.1", "--set", 'schedule.curve={name="ConstantLR",factor=1.0}']
OWN = """
data = { name = "digits" }
model = { name = "wide_resnet", depth = 10, width = 1 }
schedule = { epochs = 0.1, lr = 0.1, global_batch_size = 64 }
"""


def forget_the_end(folder):
    """Make a run one that was stopped before its last word."""
    (folder / "summary.json").unlink()


def test_next_is_quoted_and_keeps_what_was_changed(bsgrow, tmp_path):
    (tmp_path / "my recipe.toml").write_text(OWN)
    done = bsgrow("train", "my recipe.toml", "--seed", "7", "--out", "my runs/a", *TINY)
    assert done.code == 0, done.err
    assert shlex.split(done.row("next")) == [
        *("bsgrow", "compare", "my recipe.toml", "--epochs", "0.1", "--seed", "7"),
        *TINY[2:],
    ]
    compared = bsgrow.paste(f"{done.row('next')} --arms grow --seeds 7 --out cmp --format json")
    assert compared.code == 0, compared.err
    assert json.loads(compared.out)["arms"][0]["seeds"] == [7]


@pytest.mark.parametrize("columns", [60, 80])
def test_a_printed_command_is_one_line_on_a_narrow_terminal(bsgrow, columns, monkeypatch):
    monkeypatch.setattr(terminal.out, "width", columns)
    monkeypatch.setattr(terminal.err, "width", columns)
    folder = f"{'long/' * 20}[bold]run[/bold]"
    done = bsgrow("train", "--out", folder, *TINY)
    assert shlex.split(done.row("next"))[:2] == ["bsgrow", "compare"]
    assert done.row("run") == folder
    again = bsgrow("train", "--out", folder)
    assert again.hint.startswith(f"go on with it: bsgrow train --resume --out '{folder}';")
    assert bsgrow.paste(again.hint.split(": ", 1)[1].split(";")[0]).code == 0


def test_a_recorded_run_finds_its_data_from_another_folder(bsgrow, tmp_path, monkeypatch):
    write_photographs(tmp_path / "photos", 16, 2)
    keys = ["model.depth=10", "model.width=1", "run.ghost_batch_size=8", "run.num_threads=1"]
    sets = [word for key in keys for word in ("--set", key)]
    flags = ["--data", "photos", "--epochs", "0.5", "--batch-size", "8", "--max-batch-size", "8"]
    curve = ["--set", 'schedule.curve={name="ConstantLR",factor=1.0}', "--set", "images.size=32"]
    first = bsgrow("train", "folder", *flags, *sets, *curve, "--out", "run")
    assert first.code == 0, first.err
    assert load_recipe("run/recipe.toml").data.path == str(tmp_path / "photos")
    forget_the_end(tmp_path / "run")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    done = bsgrow("train", "--resume", "--out", "../run")
    assert done.code == 0, done.err
    assert done.row("weights") == first.row("weights")


def test_a_run_that_recorded_a_relative_path_goes_on_where_that_leads(tmp_path):
    recipe = load_recipe("folder", ["data.path=photos", "augment={}"])
    RunDirectory(tmp_path).create(recipe)
    text = (tmp_path / "recipe.toml").read_text()
    assert f'path = "{Path.cwd()}/photos"' in text
    (tmp_path / "recipe.toml").write_text(text.replace(f"{Path.cwd()}/", ""))
    RunDirectory(tmp_path).check_same_run(recipe)


def test_seeds_begin_at_that_of_the_recipe(bsgrow):
    words = ["compare", "--arms", "grow", "--jobs", "1", "--format", "json", *TINY]
    done = bsgrow(*words, "--seed", "2")
    assert done.code == 0, done.err
    assert json.loads(done.out)["arms"][0]["seeds"] == [2, 3, 4]
    refused = bsgrow(*words, "--seed", "2", "--seeds", "0,1")
    assert (refused.code, refused.error) == (2, "--seed 2: is not one of --seeds 0,1")
    assert refused.hint == "pass --seeds 2"
