"""A run with loggers: what they are given of its events, and that they are not part of it."""

from dataclasses import replace

import pytest

import bsgrow
from bsgrow.errors import InputError
from bsgrow.recipe import load_recipe
from bsgrow.recipe.identity import changed_keys, recipe_fingerprint
from bsgrow.training import InterruptedRunError, RunDirectory, carry_out
from bsgrow.training.events.events import Progress
from bsgrow.training.events.failures import LoggerFailed
from bsgrow.training.logged_metrics import metrics_of
from bsgrow.training.run_loggers import load_loggers
from tests.loggers import recorded
from tests.training.made_events import evaluated, progress

SHORT = (
    "schedule.epochs=0.2",
    "schedule.curve={name='ConstantLR',factor=1.0}",
    "run.device=cpu",
    "run.evaluate_every_epochs=0.1",
    "run.log_every_seconds=0",
)
OWN = "tests.loggers.recorded:"


def test_progress_and_evaluations_have_names():
    assert metrics_of(progress(80), 1437) == {
        "train/loss": 0.5,
        "train/accuracy": 0.75,
        "schedule/global_batch_size": 16,
        "schedule/lr": 0.1,
        "schedule/momentum": 0.9,
        "schedule/sgd_noise_scale": pytest.approx(0.1 * (1437 / 16 - 1) / 0.1),
        "schedule/num_updates": 80,
        "schedule/epoch": 0.8,
        "speed/samples_per_second": 1e4,
        "speed/data_wait_share": 0.0,
        "speed/communication_share": 0.0,
        "speed/wall_seconds": 2.5,
    }
    assert metrics_of(evaluated(90), 1437)["test/accuracy"] == 0.97
    tokens = replace(progress(80), consumed_tokens=7)
    assert metrics_of(tokens, 1437)["schedule/consumed_tokens"] == 7


def test_a_run_gives_them_its_events_and_goes_on_whatever_they_do(tmp_path):
    recorded.MADE.clear()
    names = ("Recorded", "FailsToBegin", "FailsToLog")
    recipe = load_recipe("digits", [*SHORT, f"run.loggers={[OWN + name for name in names]}"])
    events, directory = [], RunDirectory(tmp_path / "run")
    stops = iter([False, True])
    run = {"on_event": events.append, "should_stop": lambda: next(stops)}
    with pytest.raises(InterruptedRunError):
        carry_out(recipe, directory, resume=False, **run)
    carry_out(recipe, directory, resume=True, on_event=events.append, should_stop=lambda: False)
    first, second = (each for each in recorded.MADE if type(each) is recorded.Recorded)
    assert (first.ended, second.ended) == ("stopped", "finished")
    assert first.run.first_sample == 0
    assert second.run.first_sample == first.rows[-1][0]
    assert first.run.recipe["schedule.lr"] == 0.1
    told = [e.consumed_samples for e in events if isinstance(e, Progress)]
    assert [place for place, row in first.rows + second.rows if "train/loss" in row] == told
    failed = [e.logger for e in events if isinstance(e, LoggerFailed)]
    assert sorted(failed) == sorted([f"{OWN}FailsToBegin", f"{OWN}FailsToLog"] * 2)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wandbb", r"run\.loggers.*'wandbb'.*no such logger"),
        ("tests.loggers.recorded:None", "has no None"),
        ("tests.loggers.nothing:Logger", "there is no module tests.loggers.nothing"),
    ],
)
def test_what_is_no_logger_is_told_before_training(tmp_path, name, message):
    with pytest.raises(InputError, match=message):
        bsgrow.train("digits", out=tmp_path / "run", overrides=[*SHORT, f'run.loggers=["{name}"]'])
    assert not (tmp_path / "run").exists()


def test_rank_0_alone_has_them():
    recipe = load_recipe("digits", [f'run.loggers=["{OWN}Recorded"]'])
    assert load_loggers(recipe, 0) == {f"{OWN}Recorded": recorded.Recorded}
    assert load_loggers(recipe, 1) == {}


def test_they_are_not_part_of_a_run():
    without, empty = load_recipe("digits"), load_recipe("digits", ["run.loggers=[]"])
    named = load_recipe("digits", ['run.loggers=["wandb", "mlflow"]'])
    assert recipe_fingerprint(without) == recipe_fingerprint(named) == recipe_fingerprint(empty)
    assert changed_keys(without, named) == {}
