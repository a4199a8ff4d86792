"""What is suggested: a POSIX shell makes of the text the words that it was made of."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.recipe import parse_value
from bsgrow.text.command import (
    Command,
    argument,
    as_options,
    launcher,
    option,
    quoted,
    resume_command,
    setting,
)
from tests.advice import faults
from tests.drawn import num_cases

WORDS = [
    "runs/a",
    "my runs/a",
    "it's",
    "$HOME",
    "a;b",
    "[bold]x[/]",
    "*",
    "",
    "a\nb",
    "~",
    "ü",
    "`id`",
]


def words_in_a_shell(text):
    """Return the words that sh makes of a text, without starting the program that it names."""
    script = f'bsgrow() {{ for word in bsgrow "$@"; do printf "%s\\0" "$word"; done; }}\n{text}\n'
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


def test_a_shell_makes_the_same_words_of_it():
    command = Command(("train", *WORDS), ("--set", 'a={name="b c"}'))
    assert words_in_a_shell(str(command)) == ["bsgrow", "train", *WORDS, "--set", 'a={name="b c"}']


def test_a_shell_makes_a_name_that_is_no_utf_8_of_printable_text():
    names = [b"a\xff", b"\xff%d\\n'$x\"`id`", b"data.path=\xc3 \xc3\xa9\n."]
    text = quoted("bsgrow", *map(os.fsdecode, names))
    assert text.isascii()
    assert text.isprintable()
    script = f'bsgrow() {{ printf "%s\\0" "$@"; }}\n{text}\n'
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert done.stdout.split(b"\0")[:-1] == names


PRINTED = st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp", "Zs"))


@given(st.lists(st.text(PRINTED | st.just(" ")), max_size=4))
def test_any_words_come_back(words):
    assert shlex.split(quoted(*words)) == words


@settings(max_examples=num_cases(10))
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=20))
def test_any_words_come_back_from_a_shell_and_can_be_marked(words):
    words = [*words, "a\x1b[31m\nb\n\n", "\u202e", "\x9b"]
    text = quoted("bsgrow", *words)
    assert text.replace("\n", "").isprintable()
    assert words_in_a_shell(text) == ["bsgrow", *words]


def test_going_on_keeps_what_was_changed():
    command = resume_command(Path("my runs/a"), ("--epochs", "3"))
    assert str(command) == "bsgrow train --resume --out 'my runs/a' --epochs 3"
    more = command.with_overrides("--set", "data.on_error=skip")
    assert str(more) == f"{command} --set data.on_error=skip"


def test_an_argument_is_not_taken_for_an_option():
    assert argument("-a.toml") == "./-a.toml"
    assert argument("digits") == "digits"


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("growth.shrink", True, "--set growth.shrink=true"),
        ("growth.multiple_of", 24, "--set growth.multiple_of=24"),
        ("schedule.lr", 1e-5, "--set schedule.lr=1e-05"),
        ("growth.factor", "continuous", "--set growth.factor=continuous"),
        ("data.path", "my data", "--set 'data.path=my data'"),
        ("data.path", " a", """--set 'data.path=" a"'"""),
        ("data.path", "2024", """--set 'data.path="2024"'"""),
    ],
)
def test_a_setting_is_read_as_the_value_that_it_has(key, value, text):
    assert setting(key, value) == text
    assert parse_value(shlex.split(text)[1].partition("=")[2]) == value


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        ("set growth.multiple_of = 24", "pass --set growth.multiple_of=24"),
        ("use augment.padding = 'zero', as", "pass --set augment.padding=zero, as"),
        ('or set data.decoder = "native"', "or pass --set data.decoder=native"),
        ("lower it: schedule.lr = 1e-05.", "lower it: --set schedule.lr=1e-05."),
        ("growth.shrink = true; or", "--set growth.shrink=true; or"),
        ("schedule.curve.milestones = [1, 2]", "--set 'schedule.curve.milestones=[1, 2]'"),
        ("set data.path, and depth = 3", "set data.path, and depth = 3"),
        ("go on with: bsgrow train --set run.seed=3", "go on with: bsgrow train --set run.seed=3"),
    ],
)
def test_a_hint_of_the_library_is_said_in_options(hint, text):
    assert as_options(hint) == text


def test_an_option():
    assert option("--max-batch-size", 128) == "--max-batch-size 128"
    assert option("--data", "my data") == "--data 'my data'"


ONE_MACHINE = {
    "TORCHELASTIC_RUN_ID": "none",
    "WORLD_SIZE": "4",
    "LOCAL_WORLD_SIZE": "4",
    "GROUP_WORLD_SIZE": "1",
    "MASTER_ADDR": "localhost",
    "TORCHELASTIC_MAX_RESTARTS": "0",
}
TWO_MACHINES = ONE_MACHINE | {
    "WORLD_SIZE": "8",
    "GROUP_WORLD_SIZE": "2",
    "MASTER_ADDR": "alpha",
    "TORCHELASTIC_MAX_RESTARTS": "3",
}


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, []),
        (ONE_MACHINE | {"WORLD_SIZE": "1"}, []),
        ({"WORLD_SIZE": "4", "RANK": "0", "MASTER_ADDR": "pod", "MASTER_PORT": "1"}, []),
        (ONE_MACHINE, ["torchrun", "--nproc-per-node", "4"]),
        (
            TWO_MACHINES,
            [
                *("torchrun", "--nnodes", "2", "--nproc-per-node", "4", "--rdzv-backend", "c10d"),
                *("--rdzv-endpoint", "alpha", "--max-restarts", "3"),
            ],
        ),
    ],
)
def test_what_started_the_processes_starts_them_again(environment, words):
    assert list(launcher(environment)) == words


@pytest.mark.parametrize("environment", [ONE_MACHINE, TWO_MACHINES])
def test_a_run_of_many_goes_on_by_a_command_that_torchrun_takes(environment, monkeypatch):
    from torch.distributed.run import parse_args

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    text = str(resume_command("my runs", ["--seed", "3"]))
    program, *words = shlex.split(text)
    assert program == "torchrun"
    taken = parse_args(words)
    assert (taken.module, taken.training_script) == (True, "bsgrow")
    assert taken.training_script_args == ["train", "--resume", "--out", "my runs", "--seed", "3"]
    assert faults(f"go on with: {text}; or not") == []
