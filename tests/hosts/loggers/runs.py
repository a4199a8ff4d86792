"""A short run that is stopped, goes on, is killed, and goes on from an earlier update."""

from pathlib import Path
from unittest.mock import patch

import pytest

from bsgrow.recipe import load_recipe
from bsgrow.training import InterruptedRunError, RunDirectory, carry_out, read_events
from bsgrow.training.events.events import Evaluated, Progress, RunStarted
from bsgrow.training.events.failures import LoggerFailed

# Libraries that begin on a busy machine take longer than one that is left waits for them.
PATIENT = patch("bsgrow.training.run_loggers._SECONDS_WHEN_LEFT", 120.0)

SHORT = (
    "schedule.epochs=0.3",
    "schedule.curve.milestones=[0.1, 0.2]",
    "run.device=cpu",
    "run.evaluate_every_epochs=0.1",
    "run.log_every_seconds=0",
    "run.checkpoint_every_seconds=1000",
    "run.keep=5",
)


@PATIENT
def train(folder: Path, logger: str, *, resume: bool = False, stop_at: int | None = None):
    """Carry out the run, up to an update; returns what was shown."""
    shown = []
    recipe = load_recipe("digits", [*SHORT, f'run.loggers=["{logger}"]'])

    def should_stop():
        return stop_at is not None and bool(shown) and shown[-1].num_updates >= stop_at

    def on_event(event):
        if not isinstance(event, RunStarted):
            shown.append(event)

    directory = RunDirectory(folder)
    made = {"resume": resume, "on_event": on_event, "should_stop": should_stop}
    if stop_at is None:
        carry_out(recipe, directory, **made)
    else:
        with pytest.raises(InterruptedRunError):
            carry_out(recipe, directory, **made)
    assert [event for event in shown if isinstance(event, LoggerFailed)] == []
    return shown


def train_with_a_kill(folder: Path, logger: str):
    """Carry it out in three parts, of which the last goes on from before the second has ended.

    Returns what was shown in all of them: loss and lr by samples, and accuracy.
    """
    shown = train(folder, logger, stop_at=4)
    second = train(folder, logger, resume=True, stop_at=8)
    for path in (folder / "checkpoints").iterdir():
        if int(path.stem.removeprefix("update-")) > shown[-1].num_updates:
            path.unlink()
    third = train(folder, logger, resume=True)
    assert third[0].num_updates <= second[-1].num_updates, "a part is made again"
    return [*shown, *second, *third]


def expected(folder: Path):
    """Return what the run's own log has: lr and accuracy by samples."""
    events = read_events(folder / "events.jsonl")
    lrs = {e.consumed_samples: e.lr for e in events if isinstance(e, Progress)}
    accuracies = {e.consumed_samples: e.test_accuracy for e in events if isinstance(e, Evaluated)}
    assert len(lrs) > 10
    assert len(accuracies) > 1
    return lrs, accuracies
