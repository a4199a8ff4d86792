"""Text from others on its way to the terminal: shown, never obeyed, wherever it comes from."""

import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bsgrow.cli.table import Column, FittedTable
from bsgrow.cli.terminal import _Plain
from bsgrow.recipe import reading
from tests.drawn import num_cases
from tests.text.test_printable import ODD

SHIPPED = Path(reading.__file__).parent.parent / "recipes" / "digits.toml"
EVIL = "\x1b]0;a\x07\x1b[31m\x9b2J\u202e\nhint: bsgrow [red]:smile:[/x]\r$\\frac{"
PARTS = [*ODD, "a", "=", "\n", "[/]", "'", '"', ":smile:", "$"]
TEXTS = st.lists(st.sampled_from(PARTS), min_size=1, max_size=9).map("".join)
ROW = {"system": "bsgrow", "global_batch_size": 8, "samples_per_second": 5.0}


def require_clean(done):
    """Nothing of both streams but printable characters and our line breaks; no error of ours."""
    for text in (done.out, done.err):
        assert text.replace("\n", "").isprintable(), ascii(text)
        assert "internal error" not in text
        assert "Traceback" not in text
    assert done.code in (0, 1, 2)
    return done


def as_name(text):
    """A file's name of a text, as far as there can be one."""
    name = text.replace("/", "|").replace("\0", "")
    return os.fsdecode(os.fsencode(name.encode("utf-8", "replace").decode()))[:90]


def in_throughput(text):
    hardware = {text: text, "list": [text], "map": {text: text}}
    return json.dumps({"rows": [{**ROW, "case": text}], "hardware": hardware})


def write_recipe(path, key, value):
    path.write_text(f"{json.dumps(key)} = {json.dumps(value)}\n" + SHIPPED.read_text())
    return path


# What stands for each way in: (folder, text) to the words of a command.
WAYS = {
    "a command": lambda folder, text: [text],
    "an option": lambda folder, text: ["plan", f"--{text}"],
    "the value of an option": lambda folder, text: ["plan", "--epochs", text],
    "a recipe's name": lambda folder, text: ["plan", text],
    "a setting": lambda folder, text: ["plan", "--set", text],
    "the key of a setting": lambda folder, text: ["plan", "--set", f"data.{text}=1"],
    "the value of a setting": lambda folder, text: ["plan", "--set", f"run.device={text}"],
    "a curve": lambda folder, text: ["plan", "--curve", text],
    "an argument of a curve": lambda folder, text: ["plan", "--curve-arg", f"{text}=1"],
    "a format": lambda folder, text: ["plan", "--from", text, text],
    "a schedule": lambda folder, text: ["plan", "--from", "megatron", text, "--samples", "9"],
    "world sizes": lambda folder, text: ["plan", "--world-size", text],
    "a picture": lambda folder, text: ["plan", "--plot", text],
    "a data set": lambda folder, text: ["data", "fetch", text],
    "a path of data": lambda folder, text: ["plan", "folder", "--data", text],
    "what is verified": lambda folder, text: ["data", "verify", text],
    "a run": lambda folder, text: ["train", "--resume", "--out", folder / as_name(text)],
    "a key": lambda folder, text: ["plan", write_recipe(folder / "r.toml", text, 1)],
    "a value": lambda folder, text: ["plan", write_recipe(folder / "r.toml", "time", {text: text})],
    "throughput": lambda folder, text: ["plan", "--throughput", folder / "t.json"],
    "a network": lambda folder, text: [
        *("plan", "--throughput", folder / "t.json", "--all-reduce", text),
    ],
    "a head": lambda folder, text: [
        *("plan", "--curve", "TableLR", "--curve-arg", f"path={folder / 't.csv'}"),
    ],
}


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=num_cases(8), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
@example(text=EVIL)
@example(text="run.seed = 1x")
def test_no_way_leads_to_the_terminal(way, text, bsgrow, tmp_path):
    (tmp_path / "t.json").write_text(in_throughput(text))
    (tmp_path / "t.csv").write_bytes(f"{text},lr\n1,2".encode("utf-8", "surrogatepass"))
    word = text.replace("\0", "").replace("\ud800", "")  # which no argument can hold
    require_clean(bsgrow(*WAYS[way](tmp_path, word)))


@pytest.mark.parametrize("form", [["table"], ["csv"], ["csv", "--every", "update"], ["json"]])
def test_names_of_recipes_in_columns_and_rows(form, bsgrow):
    shutil.copy(SHIPPED, as_name(EVIL))
    done = require_clean(bsgrow("plan", as_name(EVIL), "digits", "--format", *form))
    assert done.code == 0
    assert "x1b]0;a" in done.out or "u001b]0;a" in done.out
    assert ":smile:" in done.out
    assert "[red]" in done.out


def test_a_name_makes_no_line_of_its_own(bsgrow):
    Path(as_name("a\nhint: b")).write_text("x")
    done = require_clean(bsgrow("plan", as_name("a\nhint: b")))
    assert done.err.count("\n") == 2
    assert done.hint.startswith("text needs quotes")


@pytest.mark.parametrize("name", ["_a", "$\\frac{", "図", "w" * 200, "a\x1b[1m"])
def test_a_picture_with_any_name(name, bsgrow, recwarn):
    shutil.copy(SHIPPED, name)
    done = require_clean(bsgrow("plan", name, "digits", "--plot", "plan.svg"))
    assert done.code == 0
    assert Path("plan.svg").stat().st_size > 10_000
    assert [warning for warning in recwarn if "Glyph" in str(warning.message)] == []


def test_a_table_shows_what_is_in_its_cells(capsys):
    table = FittedTable([Column("[red]\x1b:smile:"), Column("b")], title="\x9b[/]")
    table.add_row("\x07[/]", "x")
    console = _Plain(width=60)
    console.print(table)
    lines = capsys.readouterr().out.split("\n")
    assert [line.rstrip() for line in lines] == [
        r"\x9b[/]",
        r"[red]\x1b:smile:  b",
        r"\x07[/]           x",
        "",
    ]
