"""What another thread writes while the main one is busy is whole, and of the last update."""

import threading

import pytest

from bsgrow.recipe import load_recipe
from bsgrow.training import RunDirectory, carry_out, state
from bsgrow.training.emergency import Emergency, InterruptedRunError
from bsgrow.training.events.events import Evaluated
from tests.training.small_training import Gate, Training
from tests.training.test_asked_to_stop import SHORT


@pytest.fixture
def training(tmp_path):
    return Training(tmp_path / "checkpoints", every=1000.0)


def test_the_state_is_written_as_it_is(training):
    for _ in range(3):
        training.update()
    training.it.save_at_once()
    training.it.save_at_once()
    assert training.kept() == [3]
    assert len(training.synced) >= 1, "the events first"


def test_an_older_one_that_is_being_written_is_waited_for(training, monkeypatch):
    gate = Gate(monkeypatch)
    training.update()
    training.it.save()
    training.update()
    thread = threading.Thread(target=training.it.save_at_once)
    thread.start()
    assert training.kept() == []
    gate.open.set()
    thread.join()
    assert training.kept() == [1, 2]


def test_one_of_the_same_state_is_enough(training, monkeypatch):
    gate = Gate(monkeypatch)
    training.update()
    training.it.save()
    monkeypatch.setattr(training.it, "_write", lambda *content: pytest.fail("written again"))
    gate.open.set()
    training.it.save_at_once()
    assert training.kept() == [1]


def test_a_process_that_does_not_write_writes_nothing(tmp_path):
    training = Training(tmp_path / "checkpoints", writes=False)
    training.update()
    training.it.save_at_once()
    assert training.kept() == []


def test_what_changes_the_state_holds_the_lock(tmp_path, monkeypatch):
    """An update, and the totals of an evaluation together with its event."""
    emergency, applied, evaluated = Emergency(), [], []

    def is_held():
        return emergency._way.lock.locked()

    apply = state.apply
    monkeypatch.setattr(state, "apply", lambda *each: (applied.append(is_held()), apply(*each)))

    def on_event(event):
        if isinstance(event, Evaluated):
            evaluated.append(is_held())

    with pytest.raises(InterruptedRunError):
        carry_out(
            load_recipe("digits", SHORT),
            RunDirectory(tmp_path / "run"),
            resume=False,
            on_event=on_event,
            should_stop=lambda: bool(evaluated),
            emergency=emergency,
        )
    assert applied
    assert all(applied)
    assert evaluated == [True]
    assert not is_held()
