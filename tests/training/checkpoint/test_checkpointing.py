"""Checkpoints written while training goes on: which, when, what is told of them, and what stays."""

import threading

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.errors import BsgrowError
from bsgrow.training.checkpoint.checkpoint import load_checkpoint
from bsgrow.training.checkpoint.folder import newest_whole_checkpoint
from bsgrow.training.decisions import Vote
from bsgrow.training.events.events import CheckpointFailed, CheckpointSaved
from tests.drawn import num_cases
from tests.training.checkpoint.checkpoint_files import IDENTITY, PLAN, SmallRun
from tests.training.small_training import Gate, Training


def test_what_is_written_is_the_state_that_was_copied(tmp_path, monkeypatch):
    gate, training = Gate(monkeypatch), Training(tmp_path)
    training.update()
    training.it.save()
    copied = training.run.state()
    training.update(), training.update()
    assert training.events == []
    gate.open.set()
    assert training.it.finish() == Vote(0)
    path, _ = newest_whole_checkpoint(tmp_path)
    other = SmallRun(seed=1)
    load_checkpoint(path, IDENTITY, PLAN, other.model, other.optimizer)
    assert other.state()[0] == copied[0]
    assert training.run.state()[0] != copied[0]
    assert training.events == [CheckpointSaved(1, str(path), logged_at=3)]


def test_the_pause_is_told_in_seconds_and_in_updates(tmp_path, monkeypatch):
    training = Training(tmp_path)
    for seconds in (2.0, 100.0, 2.0):
        training.update(seconds=seconds)
    take = training.it._copy.take

    def slow(tree):
        training.now += 3.0
        return take(tree)

    monkeypatch.setattr(training.it._copy, "take", slow)
    training.it.save()
    training.it.finish()
    (saved,) = training.events
    assert (saved.pause_seconds, saved.pause_updates) == (3.0, 1.5)


def test_the_log_is_on_the_disk_before_and_by_the_thread(tmp_path):
    training = Training(tmp_path)
    training.update()
    training.it.save()
    training.it.finish()
    (thread,) = training.synced
    assert thread is not threading.current_thread()


def test_one_that_is_due_while_another_is_written_is_put_off(tmp_path, monkeypatch):
    gate, training = Gate(monkeypatch), Training(tmp_path, every=2.0)
    assert [training.update() for _ in range(2)] == [False, True]
    training.it.save()
    assert [training.update() for _ in range(4)] == [False] * 4
    gate.open.set()
    training.it._writing.thread.wait()
    assert training.update()


def test_with_an_interval_of_0_there_is_one_after_every_update(tmp_path, monkeypatch):
    gate, training = Gate(monkeypatch), Training(tmp_path)
    assert training.update()
    training.it.save()
    assert training.update()
    gate.open.set()
    training.it.save()
    training.it.finish()
    assert [event.num_updates for event in training.events] == [1, 2]


def test_the_last_one_is_due_whatever_the_clock_says(tmp_path):
    training = Training(tmp_path, every=1e9, writes=False)
    training.state.num_updates = training.run.num_updates = PLAN.num_updates - 1
    assert training.update()


def test_a_process_that_does_not_write_has_its_part_in_the_position(tmp_path):
    training, asked = Training(tmp_path / "none", writes=False), []
    training.state.position = lambda: asked.append(1)
    assert not training.update((0.5, 0.5))
    assert not training.it.is_best()
    training.it.save()
    training.it.save()
    assert training.it.finish() == Vote(0)
    assert asked == [1], "once for an update"
    assert not training.folder.exists()


def test_what_cannot_be_written_is_told_and_training_goes_on(tmp_path, monkeypatch):
    training = Training(tmp_path)
    training.update()
    training.it.save()
    gate = Gate(monkeypatch)
    gate.error = BsgrowError("the disk is full")
    gate.open.set()
    training.update()
    training.it.save()
    training.it._writing.thread.wait()
    training.update()
    failed = training.events[1]
    path = str(tmp_path / "update-000000002.pt")
    assert failed == CheckpointFailed(2, path, "the disk is full", 3)
    assert training.state.num_checkpoints_failed == 1
    assert newest_whole_checkpoint(tmp_path).path.name == "update-000000001.pt"
    monkeypatch.undo()
    training.it.save()
    training.it.finish()
    assert training.kept() == [1, 3]


def test_updates_that_are_taken_back_leave_the_order_of_the_log(tmp_path):
    """On a device it shows late that an update had no finite loss."""
    training = Training(tmp_path)
    for _ in range(3):
        training.update()
        training.it.save()
    training.it.finish()
    training.update()
    training.it.save()
    training.state.num_updates -= 2
    training.it.finish()
    assert [event.logged_at for event in training.events] == [2, 3, 3, 4]


@pytest.mark.parametrize("error", [BsgrowError("the disk is full"), RuntimeError("odd")])
def test_the_last_one_must_be_written(tmp_path, monkeypatch, error):
    gate, training = Gate(monkeypatch), Training(tmp_path)
    gate.error = error
    gate.open.set()
    training.update()
    training.it.save()
    with pytest.raises(type(error)):
        training.it.finish()
    (failed,) = training.events
    assert str(error) in failed.reason


def test_left_by_an_error_it_waits_for_what_is_written(tmp_path, monkeypatch):
    gate, training = Gate(monkeypatch), Training(tmp_path)

    def end():
        with training.it:
            training.update()
            training.it.save()
            threading.Timer(0.05, gate.open.set).start()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        end()
    assert training.kept() == [1]
    assert [event.num_updates for event in training.events] == [1]


def test_left_by_an_interrupt_it_gives_up_what_is_written(tmp_path, monkeypatch):
    training = Training(tmp_path)
    training.update()
    training.it.save()
    training.it.finish()
    before = sorted(tmp_path.iterdir())
    gate = Gate(monkeypatch)

    def end():
        with training.it:
            training.update()
            training.it.save()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        end()
    assert not gate.open.is_set()
    assert not training.it._writing.thread.is_running
    assert sorted(tmp_path.iterdir()) == before


def test_an_interrupt_in_the_midst_of_a_file_leaves_no_part_of_it(tmp_path, monkeypatch):
    begun, save = threading.Event(), torch.save

    def slow(state, writer):
        begun.set()
        while writer.error is None:
            save(state, writer)

    training = Training(tmp_path)
    training.update()
    training.it.save()
    training.it.finish()
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(torch, "save", slow)

    def end():
        with training.it:
            training.update()
            training.it.save()
            begun.wait()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        end()
    assert sorted(tmp_path.iterdir()) == before


TESTED = st.none() | st.tuples(st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from([0.25, 0.5]))


def best_of(tested):
    """The update that a person would name: most samples right, then least loss, then first."""
    found = [(-accuracy, loss, n) for n, (loss, accuracy) in tested.items()]
    return {n for _, _, n in sorted(found)[:1]}


@settings(max_examples=num_cases(30), deadline=None)
@given(
    drawn=st.lists(st.tuples(TESTED, st.booleans()), min_size=1, max_size=12),
    keep=st.integers(1, 4),
    resumed_at=st.integers(0, 11),
)
def test_the_newest_and_the_best_are_kept(tmp_path_factory, drawn, keep, resumed_at):
    folder = tmp_path_factory.mktemp("kept")
    training = Training(folder, every=1e9, keep=keep)
    saved, tested = [], {}
    for number, (measured, wanted) in enumerate(drawn, start=1):
        training.update(measured)
        if training.it.is_best() or wanted:
            training.it.save()
            training.it.finish()
            saved.append(number)
            if measured:
                tested[number] = measured
        if number == resumed_at:
            training.begin()
        assert set(training.kept()) == {*saved[-keep:], *best_of(tested)}
    every = {n: measured for n, (measured, _) in enumerate(drawn, start=1) if measured}
    assert best_of(tested) == best_of(every), "none that was better is missing"
