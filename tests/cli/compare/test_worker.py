"""What a process answers of a run, and where what is printed meanwhile goes."""

import os
import sys
from types import SimpleNamespace

import pytest

from bsgrow.cli.compare import worker
from bsgrow.errors import InputError
from bsgrow.experiments.making import Task
from bsgrow.experiments.runs import RunKey
from bsgrow.recipe import load_recipe
from bsgrow.training import RunDirectory


def raising(error):
    def make_run(task, carry_out):
        os.write(1, b"printed\n")
        if error is None:
            return SimpleNamespace(failed="")
        raise error

    return make_run


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (None, {"failed": ""}),
        (RuntimeError("out of memory"), {"failed": "RuntimeError: out of memory"}),
        (InputError("no data", "get it"), {"refused": "no data", "hint": "get it"}),
    ],
)
def test_an_answer_says_why_a_run_is_not_whole(tmp_path, monkeypatch, capfd, error, answer):
    monkeypatch.setattr(worker, "make_run", raising(error))
    with open(2, "w", closefd=False) as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        directory = RunDirectory(tmp_path / "grow" / "seed-0")
        task = Task(RunKey("grow", "", 0), load_recipe("digits"), directory, 3, 30)
        assert worker._answer(task, None, None, None) == answer
    log = (tmp_path / "grow" / "seed-0.log").read_text()
    assert log.startswith("printed\n")
    assert ("Traceback" in log) == isinstance(error, RuntimeError)
    os.write(1, b"after\n")
    assert capfd.readouterr().out == "after\n"
