"""Examples in help, README and docs: whole commands, in one line, with options that exist."""

import re
import shlex

import pytest

from bsgrow.recipe import shipped_recipes
from tests.advice import command_at, faults
from tests.pages import PAGES, ROOT, blocks

COMMANDS = ["train", "plan", "compare", "bench loader", "bench train"]


def shown_commands():
    """Return the commands of README and docs, each in one line, without prompt and comment."""
    shown = [text for page in (ROOT / "README.md", *PAGES) for text in blocks(page, "console")]
    lines = "".join(shown).replace("\\\n", " ").splitlines()
    typed = [re.split(" +#| > ", line[2:])[0] for line in lines if line[:2] == "$ "]
    return list(dict.fromkeys(line for line in typed if line.startswith("bsgrow ")))


def examples(bsgrow, command):
    shown = bsgrow(*command.split(), "--help").out.partition(" Examples:\n\n")[2]
    return [line.partition(" > ")[0].strip() for line in shown.splitlines() if line.strip()]


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("command", COMMANDS)
def test_examples_of_the_help_are_whole_on_a_narrow_terminal(bsgrow, monkeypatch, command, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = examples(bsgrow, command)
    assert all(line.startswith("bsgrow ") for line in shown)
    assert any(line.startswith(f"bsgrow {command}") for line in shown)
    assert [fault for line in shown for fault in faults(line)] == []


@pytest.mark.parametrize("line", shown_commands())
def test_commands_of_the_pages_can_be_typed(line):
    assert command_at(shlex.split(line)[1:])[0] is not None
    assert faults(line) == []


def test_examples_of_plan_plan(bsgrow):
    shown = [line for line in shown_commands() if line.startswith("bsgrow plan")]
    assert len(shown) > 4
    lines = dict.fromkeys([*examples(bsgrow, "plan"), *shown])
    for line in (line for line in lines if not re.search(r"--throughput| (?:mine|my_)", line)):
        done = bsgrow.paste(line)
        assert done.code == 0, (line, done.err)


def test_recipes_names_a_command_for_photographs_of_ones_own(bsgrow, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    (line,) = (line for line in bsgrow("recipes").out.splitlines() if "FOLDER" in line)
    command = line.partition(": ")[2]
    assert faults(command) == []
    assert shlex.split(command)[2] in shipped_recipes()
