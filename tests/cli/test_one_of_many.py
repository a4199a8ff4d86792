"""What a command does that torchrun has started several times, by the words and the rank."""

import json
import shlex

import pytest

from bsgrow.cli.app import app
from bsgrow.cli.one_of_many import is_left_to_another
from tests.advice import root

LAUNCHED = {
    "WORLD_SIZE": "4",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "localhost",
    "MASTER_PORT": "29500",
    "TORCHELASTIC_RUN_ID": "none",
}


@pytest.fixture
def at_rank(monkeypatch, tmp_path):
    """Be one process of four on two machines."""

    def be(rank, **variables):
        places = {"RANK": str(rank), "LOCAL_RANK": str(rank % 2)}
        files = {"TORCHELASTIC_ERROR_FILE": str(tmp_path / f"error-{rank}.json")}
        for name, value in (LAUNCHED | places | files | variables).items():
            monkeypatch.setenv(name, value)
        return tmp_path / f"error-{rank}.json"

    return be


def left_by(be, *words):
    """Return the ranks that leave a command to another."""
    left = []
    for rank in range(4):
        be(rank)
        left += [rank] if is_left_to_another(words) else []
    return left


@pytest.mark.parametrize("words", [["train"], ["train", "x"], ["doctor"], ["bench", "train"]])
def test_all_take_part_in_what_trains(at_rank, words):
    assert left_by(at_rank, *words) == []


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "digits"],
        ["recipes"],
        ["recipes", "show", "digits"],
        ["data", "list"],
        ["data", "verify", "x"],
        ["train", "--help"],
        ["compare", "-h"],
        ["--version"],
        ["trian"],
        [],
    ],
)
def test_rank_0_alone_prints(at_rank, words):
    assert left_by(at_rank, *words) == [1, 2, 3]


def test_the_first_process_of_each_machine_fetches(at_rank):
    assert left_by(at_rank, "data", "fetch", "cifar10") == [1, 3]


@pytest.mark.parametrize(
    "words",
    [
        ["compare", "digits", "--set", "run.seed=7"],
        ["bench", "loader", "--format", "json"],
        ["data", "pack", "my photos", "packed"],
        ["evaluate", "runs/digits"],
        ["predict", "runs/digits", "my photo.png"],
        ["export", "runs/digits", "--to", "onnx"],
    ],
)
def test_what_is_for_one_process_is_refused_once(bsgrow, at_rank, words):
    file = at_rank(0)
    refused = bsgrow(*words)
    assert refused.code == 2
    assert refused.error.endswith(" is for one process, and torchrun has started 4")
    assert refused.err.endswith(f"start it without torchrun: bsgrow {shlex.join(words)}\n")
    assert refused.error in json.loads(file.read_text())["message"]["message"]
    at_rank(3)
    assert bsgrow(*words) == (type(refused)(tuple(words), 0, "", ""))


def test_one_process_that_torchrun_started_does_all(at_rank):
    at_rank(0, WORLD_SIZE="1")
    assert not is_left_to_another(["compare", "digits"])


def test_without_torchrun_each_pod_answers(at_rank, monkeypatch):
    at_rank(3)
    monkeypatch.delenv("TORCHELASTIC_RUN_ID")
    assert not is_left_to_another(["plan", "digits"])


def test_a_wrong_option_is_shown_by_rank_0_and_in_the_summary_of_torchrun(bsgrow, at_rank):
    file = at_rank(0)
    assert bsgrow("train", "--frobnicate").code == 2
    told = json.loads(file.read_text())["message"]
    assert told["message"].startswith("No such option: --frobnicate")
    assert int(told["extraInfo"]["timestamp"]) > 0
    at_rank(1)
    silent = bsgrow("train", "--frobnicate")
    assert (silent.code, silent.out, silent.err) == (0, "", "")


def test_every_command_that_there_is_was_thought_of(at_rank):
    assert app
    at_rank(0)
    known = {"train", "plan", "show", "compare", "report", "recipes", "doctor", "bench", "data"}
    known |= {"evaluate", "predict", "export"}
    assert set(root().commands) == known
    assert set(root().commands["bench"].commands) == {"loader", "train"}
    assert set(root().commands["recipes"].commands) == {"show", "copy", "schema"}
    assert set(root().commands["data"].commands) == {"list", "fetch", "pack", "verify"}
