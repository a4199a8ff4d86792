"""An experiment in its folder: what is left is made, and runs of other code or data are refused."""

import json

import pytest

import bsgrow
from bsgrow.errors import BsgrowError, InputError
from bsgrow.experiments import Part, load_experiment, read_experiment, record_of, runs_in_order
from bsgrow.experiments.comparing import (
    look,
    make_what_is_left,
    one_after_the_other,
    require_none_lost,
)
from bsgrow.experiments.making import tasks_left
from bsgrow.experiments.pace import Pace
from bsgrow.experiments.runs import planned_arms
from bsgrow.recipe import OpenedData
from bsgrow.training import DivergedRunError, RunDirectory, carry_out

TEXT = """
recipe = "digits"
seeds = 2
[overrides]
schedule = { epochs = 0.05, global_batch_size = 48, curve = { name = "ConstantLR", factor = 1.0 } }
run = { device = "cpu" }
[arms.decay]
[arms.grow]
seeds = 1
"""

ALL = Part()


def really(recipe, directory):
    return carry_out(
        *(recipe, directory),
        resume=directory.is_begun(),
        on_event=lambda event: None,
        should_stop=lambda: False,
    )


class Folder:
    """An experiment, made again and again in one folder."""

    def __init__(self, tmp_path, text=TEXT):
        (tmp_path / "small.toml").write_text(text)
        self.experiment = load_experiment(tmp_path / "small.toml")
        self.path = tmp_path / "runs"

    def look(self, part=ALL):
        return look(self.experiment, part, self.path, OpenedData())

    def make(self, carry_out=really, part=ALL):
        comparison = self.look(part)
        execute = one_after_the_other(carry_out)
        return make_what_is_left(comparison, execute, {"command": "compare"})


@pytest.fixture(scope="module")
def one_left(tmp_path_factory):
    """Three runs, of which two are made."""
    folder = Folder(tmp_path_factory.mktemp("made"))
    folder.make(part=Part(seeds=[0]))
    return folder


def test_a_part_is_made_first_and_nothing_twice(one_left):
    assert [str(task.key) for task in one_left.look().tasks] == ["decay/seed-1"]
    assert one_left.look(Part(seeds=[0])).tasks == []
    record = read_experiment(one_left.path)
    assert [run.state for run in record.runs] == ["finished", "finished", "missing"]
    assert record.experiment == one_left.experiment
    assert [start["command"] for start in record.starts] == ["compare"]


def test_the_time_is_that_of_finished_runs(one_left):
    comparison = one_left.look()
    finished = comparison.record.runs[0].summary
    pace = Pace(comparison.record.runs)
    assert pace.seconds_left(comparison.tasks, 1) == pytest.approx(finished.wall_seconds, rel=0.05)
    assert Pace().seconds_left(comparison.tasks, 1) is None
    assert Pace().seconds_left([], 1) == 0
    under_way = Pace()
    under_way.add_running(comparison.tasks[0].key, 10, 2.0)
    assert under_way.seconds(comparison.tasks[0].key, 30) == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "code",
            {"training": "sha256:0"},
            r"seed-0 was made with other code, bsgrow 0.1.0: .*train",
        ),
        ("data", "sha256:0", r"seed-0 was made with other data: sha256:0, here sha256:"),
    ],
)
def test_runs_of_other_code_or_data_are_refused(one_left, key, value, message):
    path = one_left.path / "decay" / "seed-0" / "origin.json"
    before = path.read_text()
    path.write_text(json.dumps(json.loads(before) | {key: value}))
    try:
        with pytest.raises(InputError, match=message) as caught:
            one_left.look()
        assert "compare into another --out" in caught.value.hint
        assert one_left.look(Part(seeds=[0])).tasks == [], "what is finished is shown all the same"
        path.unlink()
        with pytest.raises(InputError, match="with code that is not recorded"):
            one_left.look()
    finally:
        path.write_text(before)


def test_runs_of_another_recipe_are_refused(one_left, tmp_path):
    other = Folder(tmp_path, TEXT.replace("epochs = 0.05", "epochs = 0.06"))
    other.path = one_left.path
    with pytest.raises(InputError, match=r"schedule.epochs was 0.05, is 0.06"):
        other.look()


def test_a_run_goes_on_with_the_recipe_that_it_recorded(tmp_path):
    folder = Folder(tmp_path)
    (task,) = folder.look(Part(arms=["grow"])).tasks
    recipe = task.recipe.model_copy(
        update={"run": task.recipe.run.model_copy(update={"num_threads": 7})}
    )
    task.directory.make()
    task.directory.create(recipe)
    keys = runs_in_order(folder.experiment)
    planned = planned_arms(folder.experiment, keys, OpenedData())
    runs = record_of(folder.experiment, folder.path).runs
    assert [
        task.recipe.run.num_threads for task in tasks_left(folder.experiment, runs, planned)
    ] == [
        *(1, 7, 1),
    ]


def test_runs_that_diverge_or_fail_are_named_and_the_others_go_on(tmp_path):
    def carry(recipe, directory):
        directory.make()
        directory.create(recipe)
        if recipe.growth.mode == "decay" and recipe.run.seed:
            raise BsgrowError("no room", hint="make some")
        raise DivergedRunError("training diverged: the loss is nan")

    folder = Folder(tmp_path)
    record, failed = folder.make(carry)
    assert [run.reason for run in record.runs[:2]] == ["training diverged: the loss is nan"] * 2
    assert [ended.failed for ended in failed] == ["no room; make some"]
    with pytest.raises(BsgrowError) as caught:
        require_none_lost(record, Part(), failed)
    assert caught.value.message.endswith(
        "count in no figure; diverged: decay/seed-0, grow/seed-0; failed: decay/seed-1"
    )
    require_none_lost(record, Part(seeds=[7]), [])


def test_what_the_user_wrote_wrong_ends_all(tmp_path):
    def carry(recipe, directory: RunDirectory):
        raise InputError("data.path: is not there")

    with pytest.raises(InputError, match="is not there"):
        Folder(tmp_path).make(carry)


def test_python_takes_an_experiment(one_left):
    arms = bsgrow.compare(one_left.path.parent / "small.toml", out=one_left.path, seeds=[0])
    assert [(arm.name, arm.seeds, arm.group) for arm in arms] == [
        ("decay", (0,), "main"),
        ("grow", (0,), "main"),
    ]
    with pytest.raises(InputError, match=r"--arms hybrid: small has none such"):
        bsgrow.compare(one_left.path.parent / "small.toml", out=one_left.path, arms=["hybrid"])
