"""`bsgrow train` in two processes of torchrun: what is said, by whom, and what it exits with."""

import os
from pathlib import Path

import pytest

from bsgrow.cli import one_of_many
from bsgrow.processes.launched import rank
from tests.in_process import Shell
from tests.photo_folder import write_photographs
from tests.training.processes import run_ranks

SHORT = ["--epochs", "0.1", "--set", "schedule.curve={name='ConstantLR',factor=1.0}"]
TORCHRUN = {"TORCHELASTIC_RUN_ID": "none", "GROUP_WORLD_SIZE": "1"}
GO_ON = "torchrun --nproc-per-node 2 -m bsgrow train --resume --out"


def called(folder, *words):
    """Call bsgrow in a folder; returns its exit code, output and errors."""
    one_of_many._SECONDS_TO_SAY_IT = 0.0
    os.chdir(folder)
    done = Shell()(*words)
    return done.code, done.out, done.err


def called_by_torchrun(folder, *words):
    """Call bsgrow as ``called``; the run in the folder, which names no launcher, is another's."""
    os.environ.update(TORCHRUN)
    return called(folder, *words)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """What two processes left of a short run in a folder, and the folder."""
    folder = tmp_path_factory.mktemp("many")
    words = ["train", "digits", *SHORT, "--out", "run", "--device", "cpu"]
    return run_ranks(2, called, folder, *words), folder


def test_rank_0_shows_the_run_and_the_other_nothing(begun):
    ((code, out, err), other), folder = begun
    assert code == 0, err
    assert out.count("test accuracy") == 1
    assert ", 2 processes" in err
    assert other == (0, "", "")
    kept = {path.name for path in (folder / "run").iterdir()}
    assert {"events.jsonl", "events-1.jsonl", "summary.json"} <= kept
    assert not [name for name in kept if name.startswith(".seen")]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "nosuch"], "no recipe is called 'nosuch'"),
        (["train", "cifar10-grow", "--data", "/nowhere"], "'/nowhere' does not exist"),
        (["train", "digits", "--out", "run"], f"hint: go on with it: {GO_ON} run;"),
        (["train", "--resume", "--out", "."], ". holds no run to resume"),
        (["train", "--set", "run.world_size=3"], "planned for 3 processes now, and this run has 2"),
    ],
)
def test_what_is_wrong_is_said_once_with_its_exit_code(begun, words, message):
    (code, out, err), other = run_ranks(2, called_by_torchrun, begun[1], *words)
    assert message in err
    assert err.count("error:") == 1
    assert (code, out) == (2, "")
    assert other == (2, "", "")


def missing_on_rank_1(folder):
    data = folder if rank() == 0 else Path("/nowhere")
    return called(folder, "train", "folder", "--data", str(data))


def test_what_is_wrong_on_another_rank_alone_ends_all(tmp_path):
    write_photographs(tmp_path, 12, 4)
    first, second = run_ranks(2, missing_on_rank_1, tmp_path)
    assert first[0] == second[0] == 2
    assert "error: rank 1: data.path = '/nowhere' does not exist" in first[2]
    assert "error: data.path = '/nowhere' does not exist" in second[2]
