"""What an experiment has come to, from its folder alone."""

import json
import math
from dataclasses import replace

import pytest

from bsgrow.errors import BsgrowError, InputError
from bsgrow.experiments import RunState, experiment_as_toml, read_experiment, recipe_of
from bsgrow.experiments.reading import load_experiment
from bsgrow.experiments.records import DIVERGED_FILE, EXPERIMENT_FILE, STARTS_FILE
from bsgrow.training.events.events import Evaluated, RunFinished
from bsgrow.training.events.log import EventLog

FINISHED = RunFinished(0.9, 0.5, 10, 40, 100, 2.0, 50.0, "0" * 64, "out")


@pytest.fixture
def folder(tmp_path):
    """Four runs, of which the first is finished, two have diverged, and one has begun."""
    path = tmp_path / "small.toml"
    path.write_text('recipe = "digits"\nseeds = 5\nmargin = { value = 0.01 }\n[arms.grow]')
    experiment = load_experiment(path)
    folder = tmp_path / "runs"
    folder.mkdir()
    (folder / EXPERIMENT_FILE).write_text(experiment_as_toml(experiment))
    runs = read_experiment(folder).runs
    for run in runs[:4]:
        run.directory.make()
        run.directory.create(recipe_of(experiment, run.key))
    with EventLog(runs[0].directory.events) as log:
        log.write(Evaluated(10, 100, 1.0, 0.3, 0.5, 0.9, 2.0))
        log.write(FINISHED)
    runs[0].directory.write_summary(FINISHED)
    runs[1].directory.write_summary(replace(FINISHED, test_loss=math.nan))
    (runs[2].directory.path / DIVERGED_FILE).write_text('{"reason": "the loss is inf"}')
    return folder


def test_each_run_says_how_far_it_has_come(folder):
    record = read_experiment(folder)
    assert [run.state for run in record.runs] == [
        *(RunState.FINISHED, RunState.DIVERGED, RunState.DIVERGED),
        *(RunState.UNFINISHED, RunState.MISSING),
    ]
    assert [run.reason for run in record.runs[1:3]] == [
        "the test loss is nan after update 10",
        "the loss is inf",
    ]
    assert (record.experiment.name, record.experiment.seeds) == ("small", (0, 1, 2, 3, 4))
    (first,) = record.finished("grow")
    assert first.summary == FINISHED
    assert (first.recipe.run.seed, first.recipe.growth.max_batch_size) == (0, 128)
    assert [each.test_accuracy for each in first.evaluations()] == [0.9]
    assert record.runs[4].evaluations() == []
    assert record.of("grow") == list(record.runs)
    assert first.origin is None


def test_starts_that_were_cut_short_are_left_out(folder):
    assert read_experiment(folder).starts == ()
    (folder / STARTS_FILE).write_text('{"command": "a"}\n{"comm')
    assert read_experiment(folder).starts == ({"command": "a"},)


def test_a_folder_without_an_experiment_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"holds no experiment"):
        read_experiment(tmp_path)


def test_a_damaged_note_is_named(folder):
    path = folder / "grow" / "seed-2" / DIVERGED_FILE
    path.write_text(json.dumps([1]))
    with pytest.raises(BsgrowError, match=r"seed-2/diverged.json: it holds no object"):
        read_experiment(folder)
