"""A logger beside training: whatever it does, nobody waits, and nothing is logged twice."""

import math
import threading

import pytest

from bsgrow.errors import InputError
from bsgrow.loggers import background
from bsgrow.loggers.background import BackgroundLogger
from bsgrow.loggers.kept import Kept
from bsgrow.loggers.logger import LoggedRun
from bsgrow.loggers.registry import LOGGERS, check_logger, load_logger
from tests.loggers import recorded

OWN = "tests.loggers.recorded:"


@pytest.fixture(autouse=True)
def made():
    recorded.MADE.clear()
    return recorded.MADE


def log(path, kind, *places, ended="finished", seconds=60):
    run = LoggedRun(path, {"schedule.lr": 0.1}, 0, {})
    logger = BackgroundLogger(f"{OWN}{kind}", load_logger(f"{OWN}{kind}"), run)
    for place in places:
        logger.log({"x": float(place), "none": math.nan}, place)
    logger.close(ended, seconds)
    return logger.take_failure(), logger.take_failure()


def test_it_is_given_what_is_finite_and_told_the_end(tmp_path, made):
    assert log(tmp_path, "Recorded", 16, 32, ended="stopped") == (None, None)
    (logger,) = made
    assert logger.rows == [(16, {"x": 16.0}), (32, {"x": 32.0})]
    assert logger.ended == "stopped"
    assert Kept(tmp_path / "loggers/tests.loggers.recorded.Recorded.json")["where"] == "nowhere"


@pytest.mark.parametrize(("kind", "again"), [("Recorded", [64]), ("TakesBack", [32, 48, 64])])
def test_what_is_made_again_is_logged_once(tmp_path, made, kind, again):
    log(tmp_path, kind, 16, 32, 48)
    log(tmp_path, kind, 32, 48, 64)
    assert [place for place, _ in made[1].rows] == again


FAULTS = {
    "FailsToBegin": "OSError: no route to host",
    "FailsToLog": "SystemExit",
    "FailsToEnd": "OSError: [Errno 28] No space left on device",
}


@pytest.mark.parametrize("kind", FAULTS)
def test_what_fails_is_told_once(tmp_path, kind):
    assert log(tmp_path, kind, 16, 32) == (FAULTS[kind], None)


def test_one_that_does_not_end_is_left(tmp_path):
    told, _ = log(tmp_path, "NeverEnds", 16, seconds=0.01)
    assert told.startswith("it did not end within 0.01 s")


def test_one_that_is_far_behind_is_given_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(background, "_MOST_WAITING", 2)
    begin = threading.Event()
    run = LoggedRun(tmp_path, {}, 0, {})
    logger = BackgroundLogger("slow", lambda run: begin.wait() and recorded.Recorded(run), run)
    for place in range(4):
        logger.log({"x": 1.0}, place)
    assert logger.take_failure() == "it is 2 events behind; it is given no more"
    begin.set()


@pytest.mark.parametrize("content", ["", "[]", '{"last_sample":'])
def test_a_damaged_file_is_as_none(tmp_path, content):
    (tmp_path / "kept.json").write_text(content)
    kept = Kept(tmp_path / "kept.json")
    assert dict(kept) == {}
    kept["id"] = "a"
    assert dict(Kept(tmp_path / "kept.json")) == {"id": "a"}


@pytest.mark.parametrize("name", LOGGERS)
def test_one_that_is_not_installed_is_refused(monkeypatch, name):
    monkeypatch.setattr("bsgrow.loggers.registry.find_spec", lambda name: None)
    with pytest.raises(InputError, match=f"run.loggers: {name} is not installed") as caught:
        load_logger(name)
    assert f"`pip install {name}`" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "hint"), [("tensorbord", 'did you mean "tensorboard"?'), ("a b:c", "write a module")]
)
def test_a_name_that_is_none_is_refused(name, hint):
    with pytest.raises(InputError, match=r"run\.loggers") as caught:
        check_logger(name)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("path", "name"), [("/a/runs/x", "x"), ("/a/compare/decay-seed0", "compare/decay-seed0")]
)
def test_a_run_is_called_as_its_directory(tmp_path, path, name):
    assert LoggedRun(tmp_path.joinpath(path), {}, 0, {}).name == name
