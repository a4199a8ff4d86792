"""What docs/own-models-and-data.md says is done as it stands there."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from bsgrow.recipe import load_recipe
from bsgrow.user_code.loading import load_function
from tests.in_process import Shell

PAGE = (Path(__file__).parent.parent / "docs/own-models-and-data.md").read_text()
(CODE,) = re.findall(r"```python\n# my_code.py\n(.*?)```", PAGE, re.DOTALL)
(TEXT,) = re.findall(r"```python\n# my_text.py\n(.*?)```", PAGE, re.DOTALL)
(TEXT_RECIPE,) = re.findall(r"```toml\n# my_text.toml\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE)
TABLES = re.findall(r"```toml\n(?!# my_text)(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def run(user_module):
    user_module(CODE, "my_code")
    user_module(TEXT, "my_text")
    Path("my_text.toml").write_text(TEXT_RECIPE)
    load_function("my_code:save", "data.name")  # as python -c finds it in the current folder

    def command(line):
        program, *words = shlex.split(line)
        if program == "bsgrow":
            done = Shell()(*words, "--device", "cpu") if words[0] != "data" else Shell()(*words)
            assert done.code == 0, done.err
        else:
            exec(words[1], {})
        return program

    return command


@pytest.mark.parametrize("command", [line for line in COMMANDS if "npz" not in line])
def test_commands_run(run, command):
    assert run(command) == "bsgrow"


def test_commands_on_arrays_run_one_after_the_other(run):
    ran = [run(line) for line in COMMANDS if "npz" in line]
    assert ran == ["python", "bsgrow", "bsgrow"]


@pytest.mark.parametrize("text", TABLES)
def test_tables_are_read_and_nothing_they_name_is_imported(text):
    tables = tomllib.loads(text)
    overrides = [f"{key}.{name}={value}" for key in tables for name, value in tables[key].items()]
    recipe = load_recipe("digits", overrides)
    assert ":" in recipe.model.name
    assert len(TABLES) == 3
