import errno
import json
import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.errors import BsgrowError, InputError
from bsgrow.training.event_log import EventLog, read_events, truncate_after
from bsgrow.training.events import (
    CheckpointSaved,
    Evaluated,
    Progress,
    RunFinished,
    RunStarted,
    from_json,
    to_json,
)
from tests.full_disk import files_at_most

KINDS = (RunStarted, Progress, Evaluated, CheckpointSaved, RunFinished)


def started(first_update=0):
    return RunStarted("digits", 1437, 48.0, 1712, 4320, "cpu", 16, 77_562, 0, first_update)


def progress(num_updates, train_loss=0.5):
    numbers = (0.1, 0.9, train_loss, 0.75, 1e4, 2.5, 20.0)
    return Progress(num_updates, 16 * num_updates, 0.01 * num_updates, 16, *numbers)


def evaluated(num_updates):
    return Evaluated(num_updates, 16 * num_updates, 0.01 * num_updates, 0.5, 0.25, 0.97, 3.0)


def finished():
    return RunFinished(0.99, 0.05, 1712, 4320, 68_976, 30.0, 2_300.0, "ab" * 32, "runs/digits")


@given(event=st.one_of([st.from_type(kind) for kind in KINDS]))
def test_events_survive_the_round_trip(event):
    line = to_json(event)
    assert "\n" not in line
    again = from_json(line)
    assert type(again) is type(event)
    for name in event.__dataclass_fields__:
        value = getattr(event, name)
        if name != "event" and not (isinstance(value, float) and not math.isfinite(value)):
            assert getattr(again, name) == value


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_is_null(loss):
    line = to_json(progress(1, train_loss=loss))
    assert json.loads(line, parse_constant=pytest.fail)["train_loss"] is None
    assert math.isnan(from_json(line).train_loss)


def test_the_kind_comes_first():
    assert to_json(CheckpointSaved(3, "a.pt")) == (
        '{"event": "checkpoint_saved", "num_updates": 3, "path": "a.pt"}'
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("3", "its event is none of run_started, progress"),
        ('{"event": "lunch"}', "its event is none of"),
        ('{"event": ["progress"]}', "its event is none of"),
        ('{"event": "checkpoint_saved", "path": "a"}', "num_updates: Field required"),
        ('{"event": "checkpoint_saved", "path": "a", "num_updates": "3"}', "num_updates: .*int"),
        ('{"event": "checkpoint_saved", "path": "a", "num_updates": null}', "num_updates: .*int"),
    ],
)
def test_what_is_not_an_event_is_refused(line, message):
    with pytest.raises(InputError, match=message):
        from_json(line)


def test_the_log_appends_and_every_line_is_out_at_once(tmp_path):
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        log.write(started())
        assert read_events(path) == [started()]
        log.sync()
    with EventLog(path) as log:
        log.write(progress(1))
    assert read_events(path) == [started(), progress(1)]


def test_truncation_keeps_what_happened_up_to_the_checkpoint(tmp_path):
    path = tmp_path / "events.jsonl"
    before = [started(), progress(5), evaluated(10), CheckpointSaved(10, "a")]
    after = [progress(15), started(12), CheckpointSaved(20, "b"), finished()]
    with EventLog(path) as log:
        for event in (*before, *after):
            log.write(event)
    with path.open("a") as stream:
        stream.write('{"event": "prog')
    truncate_after(path, 10)
    assert read_events(path) == before
    assert path.read_text().endswith("}\n")
    assert [p.name for p in tmp_path.iterdir()] == ["events.jsonl"]


@given(num_bytes=st.integers(0, 1_000))
def test_a_line_cut_short_is_dropped(tmp_path_factory, num_bytes):
    path = tmp_path_factory.mktemp("log") / "events.jsonl"
    events = [started(), progress(1), progress(2)]
    text = "".join(to_json(event) + "\n" for event in events)
    cut = text[: min(num_bytes, len(text))]
    path.write_text(cut)
    assert read_events(path) == events[: cut.count("\n")]
    truncate_after(path, 2)
    assert read_events(path) == events[: cut.count("\n")]


def test_a_log_that_is_not_there_stays_so(tmp_path):
    truncate_after(tmp_path / "events.jsonl", 10)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_line_is_named_and_the_file_stays(tmp_path):
    path = tmp_path / "events.jsonl"
    content = f"{to_json(started())}\nnonsense\n{to_json(progress(1))}\n"
    path.write_text(content)
    with pytest.raises(InputError, match=r"events\.jsonl, line 2: 'nonsense' is not an event"):
        truncate_after(path, 10)
    assert path.read_text() == content


def test_a_log_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    with pytest.raises(BsgrowError, match=r"cannot write .*none/events.jsonl: No such file"):
        EventLog(tmp_path / "none" / "events.jsonl")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with EventLog(tmp_path / "events.jsonl") as log:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(BsgrowError, match=r"events\.jsonl: No space left on device"):
            log.sync()


def test_a_log_on_a_full_disk_is_named(tmp_path):
    with (
        pytest.raises(BsgrowError, match=r"cannot write .*events\.jsonl: File too large"),
        EventLog(tmp_path / "events.jsonl") as log,
        files_at_most(10),
    ):
        log.write(started())
