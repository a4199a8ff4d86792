"""What another thread writes while the main one is busy is whole, and of the last update."""

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from bsgrow.recipe import load_recipe
from bsgrow.training import RunDirectory, carry_out, leaving, read_events, state
from bsgrow.training.emergency import Emergency, InterruptedRunError
from bsgrow.training.events.events import Evaluated
from bsgrow.training.events.log import EventLog
from tests.training.checkpoint.checkpoint_files import PLAN
from tests.training.small_training import Gate, Training
from tests.training.test_asked_to_stop import SHORT


@pytest.fixture
def training(tmp_path):
    return Training(tmp_path / "checkpoints", every=1000.0)


def test_the_state_is_written_as_it_is(training):
    for _ in range(3):
        training.update()
    (saved,) = training.it.save_at_once()
    training.it.save_at_once()
    assert training.kept() == [3]
    assert (saved.num_updates, saved.logged_at) == (3, 3)
    assert Path(saved.path).exists()
    assert len(training.synced) >= 1, "the events first"


def test_an_older_one_that_is_being_written_is_waited_for(training, monkeypatch):
    gate = Gate(monkeypatch)
    training.update()
    training.it.save()
    training.update()
    saved = []
    thread = threading.Thread(target=lambda: saved.extend(training.it.save_at_once()))
    thread.start()
    assert training.kept() == []
    gate.open.set()
    thread.join()
    assert training.kept() == [1, 2]
    assert [each.num_updates for each in saved] == [1, 2]


def test_one_of_the_same_state_is_enough(training, monkeypatch):
    gate = Gate(monkeypatch)
    training.update()
    training.it.save()
    monkeypatch.setattr(training.it, "_write", lambda *content: pytest.fail("written again"))
    gate.open.set()
    (saved,) = training.it.save_at_once()
    assert saved.num_updates == 1
    assert training.kept() == [1]


def test_a_process_that_does_not_write_writes_nothing(tmp_path):
    training = Training(tmp_path / "checkpoints", writes=False)
    training.update()
    assert training.it.save_at_once() == []
    assert training.kept() == []


@pytest.fixture
def left(training, tmp_path):
    """What comes of leaving a run on a CUDA device, and what is logged of it."""
    training.state.take_refused_back = lambda job: None
    job = SimpleNamespace(device=torch.device("cuda:0"), plan=PLAN)
    log = EventLog(tmp_path / "events.jsonl")

    def leave_it():
        error = leaving.leave(job, training.state, RunDirectory(tmp_path), training.it, log)
        return error.message, [event.num_updates for event in read_events(log.path)]

    yield leave_it
    log.close()


def test_a_device_that_does_not_end_leaves_what_is_written(training, left, monkeypatch):
    """As one in a sum that waits for a process that is gone."""
    never = threading.Event()
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: never.wait())
    monkeypatch.setattr(leaving, "_SECONDS_TO_END", 0.01)
    training.update()
    training.it.save()
    training.update()
    assert left() == ("stopped at once: cuda:0 did not end its work within 0.01 s", [])
    assert training.kept() == [1], "which was being written"
    never.set()


def test_what_a_device_has_ended_is_written_and_logged(training, left, monkeypatch):
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: None)
    for _ in range(2):
        training.update()
    message, logged = left()
    assert message.startswith("stopped after update 2 of ")
    assert training.kept() == [2]
    assert logged == [2, 2], "the checkpoint, and that it was left"


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
