"""A run is timed by training a little of it, of which nothing is left."""

import tempfile

import pytest

from bsgrow.errors import InputError
from bsgrow.experiments import load_experiment, measuring
from bsgrow.experiments.comparing import look
from bsgrow.experiments.measuring import measure_run
from bsgrow.experiments.runs import Part
from bsgrow.recipe import OpenedData

EXPERIMENT = """
recipe = "digits"
seeds = 1
[overrides]
run.num_threads = 1
[arms.decay]
overrides.{}
[arms.grow]
"""


@pytest.fixture
def first_run(tmp_path, monkeypatch):
    monkeypatch.setattr(measuring, "SECONDS", 0.0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    opened = OpenedData(runs_code=True)

    def first_run(override):
        (tmp_path / "small.toml").write_text(EXPERIMENT.format(override))
        experiment = load_experiment(tmp_path / "small.toml")
        return look(experiment, Part(), tmp_path / "runs", opened).tasks[0], opened

    yield first_run
    assert not (tmp_path / "runs").exists()
    assert list((tmp_path / "temporary").rglob("recipe.toml")) == []


def test_two_updates_tell_it(first_run):
    seconds = measure_run(*first_run("schedule.epochs = 48"))
    assert 4311 * 1e-5 < seconds < 4311 * 10


def test_a_run_that_fails_tells_nothing(first_run):
    assert measure_run(*first_run("schedule.lr = 1e30")) is None


def test_what_the_user_wrote_is_refused(first_run):
    with pytest.raises(InputError, match="cuda:7"):
        measure_run(*first_run('run.device = "cuda:7"'))
