"""A run whose numbers are no longer finite has failed, wherever that shows."""

import json
import math
from contextlib import nullcontext

import pytest
import torch

from bsgrow.recipe import load_recipe
from bsgrow.training import DivergedRunError, RunDirectory, carry_out, read_events
from bsgrow.training.divergence import require_finite_loss, require_finite_weights
from bsgrow.training.events.events import Evaluated, RunFinished
from bsgrow.training.events.failures import RunLeft

ADAM, SGD = "optimizer={name='adam'}", "optimizer={name='sgd', momentum=0.9}"
SHORT = [
    "schedule.unit=updates",
    "schedule.global_batch_size=48",
    "growth.mode=decay",
    "run.device=cpu",
    "run.micro_batch_size=64",
    "run.checkpoint_every_seconds=0",
]


def settings(num_updates, lrs, *more):
    """Keys of a run of so many updates, with the lr that each position begins."""
    positions = f"positions={list(lrs)}, lrs={list(lrs.values())}"
    epochs = f"schedule.epochs={num_updates * 48 / 1437 - 1e-6}"
    return [*SHORT, f"schedule.curve={{name='TableLR', {positions}}}", epochs, *more]


def run(folder, keys, *, resume=False):
    recipe = load_recipe("digits", keys)
    return carry_out(
        recipe,
        RunDirectory(folder),
        resume=resume,
        on_event=lambda event: None,
        should_stop=lambda: False,
    )


@pytest.mark.parametrize(
    ("keys", "num_updates"),
    [
        (settings(4, {0: 0.05, 3: 1e38}, SGD), 4),
        (settings(4, {0: 0.05, 3: 1e38}, ADAM), 4),
        (settings(4, {0: 0.05, 3: 1e300}, ADAM), 4),
        (settings(1, {0: 1e38}), 1),
        (settings(6, {0: 0.05, 3: 1e38, 4: 0.05}, "run.evaluate_every_epochs=0.13"), 4),
    ],
)
def test_a_loss_that_is_not_finite_in_the_last_update_or_evaluation(tmp_path, keys, num_updates):
    """The training loss of the update whose step is too large is that of before the step."""
    said = rf"training diverged: the test loss is (nan|inf) after update {num_updates}(\n|$)"
    for resume in (False, True):
        with pytest.raises(DivergedRunError, match=said) as caught:
            run(tmp_path / "run", keys, resume=resume)
        assert caught.value.exit_code == 1
    events = read_events(tmp_path / "run" / "events.jsonl")
    assert not any(isinstance(event, RunFinished) for event in events)
    assert [e.why for e in events if isinstance(e, RunLeft)] == ["diverged"], "as it goes on too"
    assert isinstance(events[-1], RunLeft)
    losses = [event.test_loss for event in events if isinstance(event, Evaluated)]
    assert all(map(math.isfinite, losses))
    assert not (tmp_path / "run" / "summary.json").exists()


def test_a_run_that_ended_so_before_this_was_checked_is_none_that_succeeded(tmp_path):
    keys = settings(2, {0: 0.05})
    run(tmp_path / "run", keys)
    summary = tmp_path / "run" / "summary.json"
    summary.write_text(json.dumps(json.loads(summary.read_text()) | {"test_loss": None}))
    with pytest.raises(DivergedRunError, match="the test loss is nan after update 2"):
        run(tmp_path / "run", keys, resume=True)


def test_a_checkpoint_of_the_end_with_weights_that_are_not_finite(tmp_path, monkeypatch):
    keys = settings(2, {0: 0.05, 1: 1e38})
    with monkeypatch.context() as patch:
        patch.setattr("bsgrow.training.observers.require_finite_loss", lambda *args: None)
        with pytest.raises(DivergedRunError):
            run(tmp_path / "run", keys)
    saved, left = read_events(tmp_path / "run" / "events.jsonl")[-2:]
    assert (saved.event, left.event) == ("checkpoint_saved", "run_left")
    assert saved.num_updates == 2
    with pytest.raises(DivergedRunError, match="the test loss is nan after update 2"):
        run(tmp_path / "run", keys, resume=True)


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_is_a_finite_number(loss):
    require_finite_loss(1e300, "training loss", 7)
    with pytest.raises(DivergedRunError, match=f"the training loss is {loss} after update 7"):
        require_finite_loss(loss, "training loss", 7)


def test_a_statistic_that_has_overflowed_leaves_the_loss_finite(network, samples):
    """Its output is the bias, whatever comes in, and the loss that of guessing."""
    model, (images, labels) = network().eval(), samples(8)
    require_finite_weights(model, 3)
    name = next(name for name in model.state_dict() if name.endswith("running_var"))
    model.state_dict()[name].fill_(math.inf)
    with torch.inference_mode():
        assert torch.nn.functional.cross_entropy(model(images), labels).isfinite()
    with pytest.raises(DivergedRunError, match=rf"1 of its tensors, as {name}, are not finite"):
        require_finite_weights(model, 3)


@pytest.mark.parametrize(
    ("name", "value", "is_mask"),
    [("mask", -math.inf, True), ("mask", math.inf, False), ("mask", math.nan, False)]
    + [("weight", value, False) for value in (-math.inf, math.nan)],
)
def test_a_buffer_may_be_a_mask_of_an_attention(name, value, is_mask):
    model = torch.nn.Linear(2, 2)
    model.register_buffer("mask", torch.zeros(2, 2))
    model.state_dict()[name][0, 1] = value
    with nullcontext() if is_mask else pytest.raises(DivergedRunError, match=f"as {name}, are"):
        require_finite_weights(model, 3)
