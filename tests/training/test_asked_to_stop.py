"""A run that is asked to stop makes no update that it has not begun."""

import pytest

from bsgrow.recipe import load_recipe
from bsgrow.training import InterruptedRunError, RunDirectory, carry_out
from bsgrow.training.events.events import CheckpointSaved, Evaluated

SHORT = [
    "schedule.epochs=1",
    "schedule.curve.milestones=[0.3, 0.6]",
    "growth.max_batch_size=140",
    "run.device=cpu",
    "run.evaluate_every_epochs=0.1",
]


@pytest.mark.parametrize("seconds", [0, 1000])
def test_while_it_evaluates(tmp_path, seconds):
    recipe = load_recipe("digits", [*SHORT, f"run.checkpoint_every_seconds={seconds}"])
    evaluated, saved = [], []

    def on_event(event):
        if isinstance(event, Evaluated):
            evaluated.append(event.num_updates)
        if isinstance(event, CheckpointSaved):
            saved.append(event.num_updates)

    with pytest.raises(InterruptedRunError, match=r"stopped after update \d+ of"):
        carry_out(
            recipe,
            RunDirectory(tmp_path / "run"),
            resume=False,
            on_event=on_event,
            should_stop=lambda: bool(evaluated),
        )
    assert len(evaluated) == 1
    assert saved[-1:] == evaluated
    assert len(saved) == len(set(saved)), "each once"
