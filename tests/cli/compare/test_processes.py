"""Runs in processes of their own: given out in order, reported, lost, and stopped by a signal."""

import os
import signal
import sys
import threading

import pytest
import typer

from bsgrow.cli.compare import processes
from bsgrow.cli.compare.messages import as_line, task_as_dict, task_from_dict
from bsgrow.cli.compare.processes import Pool
from bsgrow.errors import InputError
from bsgrow.experiments.making import Task
from bsgrow.experiments.runs import RunKey
from bsgrow.recipe import load_recipe
from bsgrow.text.command import Command
from bsgrow.training import RunDirectory

STAND_IN = """
import json, os, signal, sys, time
from pathlib import Path
FINISHED = '''{"event": "run_finished", "test_accuracy": 0.5, "test_loss": 1.0, "num_updates": 3,
  "baseline_num_updates": 9, "consumed_samples": 30, "wall_seconds": 1.0,
  "samples_per_second": 30.0, "weights_sha256": "0", "out": "x"}'''
def stop(number, frame):
    Path(f"stopped-{os.getpid()}").touch()
    os._exit(143)
signal.signal(signal.SIGTERM, stop)
for line in sys.stdin:
    task = json.loads(line)
    folder, seed = Path(task["directory"]), task["key"][2]
    folder.mkdir(parents=True)
    (folder / "recipe.toml").touch()
    (folder / "device").write_text(task["recipe"]["run"]["device"])
    answer = {"failed": ""}
    if seed == 1:
        answer = {"failed": "no room"}
    elif seed == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    elif seed == 3:
        answer = {"refused": "data.path = x: is not there", "hint": "give another"}
    elif seed == 4:
        print(json.dumps({"progress": 10, "seconds_left": 5.0}), flush=True)
        time.sleep(60)
    else:
        (folder / "summary.json").write_text(FINISHED)
    print(json.dumps(answer), flush=True)
"""


class Telling:
    """Notes what it is told, and calls what a test wants then."""

    def __init__(self, then=lambda: None):
        self.told, self._then = [], then

    def live(self):
        return threading.Lock()

    def progress(self, task, num_samples, seconds_left):
        self.told.append((task.key.seed, num_samples, seconds_left))
        self._then()


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Make runs of these seeds, and return what was reported of each."""
    (tmp_path / "worker.py").write_text(STAND_IN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(processes, "_COMMAND", (sys.executable, str(tmp_path / "worker.py")))
    recipe = load_recipe("digits")

    def made(*seeds, jobs=2, telling=None, num_devices=0):
        reported = {}
        tasks = [
            Task(RunKey("grow", "", seed), recipe, RunDirectory(tmp_path / f"{seed}"), 3, 30)
            for seed in seeds
        ]
        pool = Pool(jobs, Command(("compare", "x.toml")), telling or Telling(), num_devices)
        pool.make(tasks, lambda ended: reported.setdefault(ended.run.key.seed, ended))
        return reported

    return made


def test_every_run_is_made_and_reported(make):
    reported = make(10, 11, 12, 13, 14)
    assert sorted(reported) == [10, 11, 12, 13, 14]
    assert not any(ended.is_lost for ended in reported.values())


def test_a_run_that_fails_ends_no_other(make):
    reported = make(1, 10, 11)
    assert {seed: ended.failed for seed, ended in reported.items()} == {
        1: "no room",
        10: "",
        11: "",
    }


def test_a_process_that_is_killed_has_a_successor(make):
    reported = make(2, 10, 11, jobs=1)
    assert "its process was killed by signal 9; often the memory" in reported[2].failed
    assert reported[2].is_lost
    assert not reported[10].is_lost
    assert not reported[11].is_lost


def test_what_the_user_wrote_wrong_ends_all(make, tmp_path):
    with pytest.raises(InputError, match="is not there"):
        make(4, 3)
    assert not (tmp_path / "4" / "summary.json").exists()


def test_a_signal_stops_every_process_and_starts_no_other(make, tmp_path, capsys):
    telling = Telling(lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(typer.Exit) as ended:
        make(4, 10, telling=telling, jobs=1)
    assert ended.value.exit_code == 130
    assert telling.told == [(4, 10, 5.0)]
    assert len(list(tmp_path.glob("stopped-*"))) == 1
    assert not (tmp_path / "10").exists()
    assert "go on with: bsgrow compare x.toml" in capsys.readouterr().err


def test_each_process_has_a_device_of_its_own(make, tmp_path):
    make(10, 11, num_devices=2)
    assert {(tmp_path / name / "device").read_text() for name in ("10", "11")} <= {
        "cuda:0",
        "cuda:1",
    }


def test_a_task_travels_whole(tmp_path):
    recipe = load_recipe("fashion-mnist")
    task = Task(RunKey("a", "b", 2**63), recipe, RunDirectory(tmp_path), 3, 30)
    assert task_from_dict(task_as_dict(task, None)) == task
    assert task_from_dict(task_as_dict(task, "cuda:1")).recipe.run.device == "cuda:1"
    assert as_line({"a": 1}) == b'{"a": 1}\n'
