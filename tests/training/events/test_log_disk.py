"""events.jsonl on a disk that is full or fails: what happened waits, and is lost in no silence."""

import errno
import os
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.errors import BsgrowError
from bsgrow.training.events import log as event_log
from bsgrow.training.events.as_json import to_json
from bsgrow.training.events.events import LogFailed
from bsgrow.training.events.log import EventLog, read_events
from tests.drawn import num_cases
from tests.full_disk import files_at_most
from tests.training.made_events import evaluated, finished, progress, started

REASON = "File too large"


class Disk:
    """Takes so many bytes, an odd part of what it is given each time, and then no more."""

    def __init__(self, monkeypatch):
        self.room = 0
        self._write = os.write
        monkeypatch.setattr(event_log.os, "write", self.write)

    def write(self, descriptor, data):
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = min(self.room, len(data), 70)
        self.room -= taken
        return self._write(descriptor, bytes(data[:taken]))


def test_a_log_that_cannot_be_opened_or_synced_is_named(tmp_path, monkeypatch):
    with pytest.raises(BsgrowError, match=r"cannot write .*none/events.jsonl: No such file"):
        EventLog(tmp_path / "none" / "events.jsonl")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with EventLog(tmp_path / "events.jsonl") as log:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(BsgrowError, match=r"events\.jsonl: No space left on device"):
            log.sync()


def test_what_does_not_fit_waits_and_is_told_once(tmp_path):
    path = tmp_path / "events.jsonl"
    told = LogFailed(1, str(path), REASON)
    with EventLog(path) as log:
        assert log.write(started()) is None
        with files_at_most(path.stat().st_size + 10):
            assert [log.write(progress(1)), log.write(evaluated(1))] == [told, None]
            with pytest.raises(BsgrowError, match=rf"cannot write .*events\.jsonl: {REASON}"):
                log.sync()
        assert log.write(progress(2)) is None
        log.sync()
        assert read_events(path) == [started(), progress(1), told, evaluated(1), progress(2)]


def test_a_second_full_disk_is_told_again(tmp_path, monkeypatch):
    disk = Disk(monkeypatch)
    with EventLog(tmp_path / "events.jsonl") as log:
        assert log.write(progress(1)).num_updates == 1
        disk.room = 10_000
        assert log.write(progress(2)) is None
        disk.room = 5
        assert log.write(progress(3)).num_updates == 3
        disk.room = 10_000
    assert [event.num_updates for event in read_events(log.path)] == [1, 1, 2, 3, 3]


def test_what_never_fits_is_an_error_at_the_end(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    with files_at_most(10):
        log.write(progress(1))
        log.write(finished())
        with pytest.raises(BsgrowError, match=rf"{REASON}; its last 3 events are lost") as caught:
            log.close()
    assert caught.value.hint == "make room on the disk"
    assert caught.value.exit_code == 1


def test_what_ended_the_run_is_not_hidden_by_it(tmp_path):
    def fail():
        with files_at_most(10), EventLog(tmp_path / "events.jsonl") as log:
            log.write(started())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


def test_the_end_of_a_run_stays_the_last_line(tmp_path):
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        log.write(progress(1))
        with files_at_most(path.stat().st_size):
            assert log.write(finished()).num_updates == finished().num_updates
    assert read_events(path) == [progress(1), finished()]


def test_memory_is_bounded_and_what_is_lost_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(event_log, "_MOST_WAITING", 1000)
    log = EventLog(tmp_path / "events.jsonl")
    with files_at_most(10):
        for number in range(100):
            log.write(progress(number))
        assert len(log._waiting) < 1500
    with pytest.raises(BsgrowError, match=r"its last 9\d events are lost"):
        log.close()


@settings(max_examples=num_cases(30), deadline=None)
@given(rooms=st.lists(st.integers(0, 400), max_size=12))
def test_whatever_room_there_is_the_log_has_the_events_in_order(tmp_path_factory, rooms):
    path = tmp_path_factory.mktemp("log") / "events.jsonl"
    with pytest.MonkeyPatch.context() as monkeypatch:
        disk, events, log = Disk(monkeypatch), [], EventLog(path)
        for number, room in enumerate(rooms):
            disk.room += room
            told = log.write(progress(number))
            events += [progress(number), *[told] * (told is not None)]
            written = path.read_text()
            assert "".join(to_json(event) + "\n" for event in events).startswith(written)
        disk.room = 2**20
        with suppress(BsgrowError):
            log.close()
    assert read_events(path) == events
