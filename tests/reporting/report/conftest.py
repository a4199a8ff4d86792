"""Experiments in folders, as their runs leave them, without a run being made."""

import json

import numpy as np
import pytest

from bsgrow.experiments import RunKey, experiment_as_toml, load_experiment, recipe_of
from bsgrow.experiments.records import DIVERGED_FILE, EXPERIMENT_FILE, STARTS_FILE
from bsgrow.recipe import plan_recipe
from bsgrow.training import RunDirectory
from bsgrow.training.events.as_json import to_json
from bsgrow.training.events.events import Evaluated, RunFinished

EXPERIMENT = """
name = "small"
description = "<b>bold</b> & \\u001b[31mred"
recipe = "digits"
seeds = 4
baseline = "decay"
margin = { measure = "test_accuracy", value = 0.01 }

[optimizers.momentum]
[optimizers.sgd]
overrides = { optimizer.momentum = 0.0 }

[arms.decay]
[arms.grow]
expect = "same"
[arms.worse]
label = "<script>alert(1)</script> $lr$ ÷ 4"
group = "controls"
expect = "differs"
optimizers = ["momentum"]
overrides = { schedule.lr = 0.025 }
mode = "decay"
[arms.twofold]
group = "dose: growth factor"
dose = 2
seeds = 2
optimizers = ["momentum"]
mode = "grow"
overrides = { growth.factor = 2.0 }
[arms.fourfold]
group = "dose: growth factor"
dose = 4
seeds = 2
optimizers = ["momentum"]
mode = "grow"
overrides = { growth.factor = 4.0 }
"""
ACCURACY = {"decay": 0.97, "grow": 0.971, "worse": 0.93, "twofold": 0.97, "fourfold": 0.96}
START = {
    "time": "2026-01-01T00:00:00+00:00",
    "command": ["compare", "small.toml", "--jobs", "2"],
    "hardware": {"processor": "a processor"},
    "versions": {"torch": "2.13"},
    "code": {"training": "sha256:0"},
}
_PLACES = (1, 24, 48)  # epochs


def finish(directory, accuracy, num_updates=4000):
    """Write what a finished run leaves beside its recipe."""
    spread = np.random.default_rng(int(accuracy * 1e9)).normal(0, 0.01, len(_PLACES))
    lines = [
        Evaluated(num_updates * epoch // 48, 1437 * epoch, epoch, 2 / epoch + abs(noise), 0.1,
                  float(np.clip(accuracy - 0.3 / epoch + noise, 0, 1)), float(epoch))
        for epoch, noise in zip(_PLACES, spread, strict=True)
    ]  # fmt: skip
    ended = RunFinished(accuracy, 0.1, num_updates, 4311, 1437 * 48, 20.0, 3400.0, "0" * 64, "out")
    text = "".join(to_json(event) + "\n" for event in (*lines, ended))
    directory.events.write_text(text)
    directory.write_summary(ended)


def begin(directory, recipe):
    """Write what a run begins with."""
    directory.make()
    directory.create(recipe)
    directory.write_plan(plan_recipe(recipe))


def made(folder, text=EXPERIMENT):
    """Make every run of an experiment, each with an accuracy that follows from its key."""
    file = folder.parent / "written.toml"
    file.write_text(text)
    experiment = load_experiment(file)
    folder.mkdir()
    (folder / EXPERIMENT_FILE).write_text(experiment_as_toml(experiment))
    (folder / STARTS_FILE).write_text(json.dumps(START) + "\n")
    for arm, optimizer in experiment.pairs():
        for seed in experiment.seeds_of(arm):
            key = RunKey(arm, optimizer, seed)
            directory = RunDirectory(folder / key.path)
            begin(directory, recipe_of(experiment, key))
            finish(directory, ACCURACY[arm] + 0.0013 * (seed * 7 % 4) - 0.002)
    return folder


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """The folder of an experiment that is finished."""
    return made(tmp_path_factory.mktemp("whole") / "small")


@pytest.fixture(scope="session")
def partial(tmp_path_factory):
    """One of which runs are missing, unfinished and diverged."""
    folder = made(tmp_path_factory.mktemp("partial") / "small")
    (folder / "grow/momentum/seed-1/summary.json").unlink()
    (folder / "grow/momentum/seed-2/recipe.toml").unlink()
    diverged = folder / "worse/momentum/seed-0"
    (diverged / DIVERGED_FILE).write_text('{"reason": "the loss is nan <after> update 3"}')
    return folder
