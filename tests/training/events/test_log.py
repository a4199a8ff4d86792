"""events.jsonl: appended to, read line by line, and cut back from its end."""

import errno
import math
import os
import tracemalloc
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.errors import BsgrowError, InputError
from bsgrow.training.events import log as event_log
from bsgrow.training.events.as_json import from_json, to_json
from bsgrow.training.events.events import (
    CheckpointFailed,
    CheckpointSaved,
    RunFinished,
    RunStarted,
    SampleSkipped,
)
from bsgrow.training.events.log import (
    EventLog,
    ReportedSamples,
    events_in,
    read_events,
    truncate_after,
)
from tests.drawn import num_cases
from tests.training.made_events import evaluated, finished, progress, started


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


def test_what_became_of_a_checkpoint_is_of_the_update_at_which_it_was_known(tmp_path):
    path = tmp_path / "events.jsonl"
    events = [started(), progress(5), progress(7), saved_checkpoint(5, 7), progress(8)]
    for num_updates, num_kept in ((5, 2), (7, 4)):
        path.write_text("".join(to_json(event) + "\n" for event in events))
        truncate_after(path, num_updates)
        assert read_events(path) == events[:num_kept]


def test_a_checkpoint_in_a_log_of_an_earlier_version_is_of_its_own_update(tmp_path):
    path = tmp_path / "events.jsonl"
    line = '{"event": "checkpoint_saved", "num_updates": 5, "path": "a.pt"}\n'
    for num_updates, kept in ((4, ""), (5, line)):
        path.write_text(line)
        truncate_after(path, num_updates)
        assert path.read_text() == kept


def test_a_log_that_is_not_there_stays_so(tmp_path):
    truncate_after(tmp_path / "events.jsonl", 10)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_line_is_named_and_the_file_stays(tmp_path):
    path = tmp_path / "events.jsonl"
    content = f"{to_json(started())}\n{to_json(progress(1))}\nnonsense\n"
    path.write_text(content)
    for read in (read_events, partial(truncate_after, num_updates=10)):
        with pytest.raises(InputError, match=r"events\.jsonl, line 3: 'nonsense' is not an event"):
            read(path)
    assert path.read_text() == content


def by_full_parse(content, num_updates):
    """Return what is kept of a log by the rule itself, read from the first line to the last."""
    whole = content.split(b"\n")[:-1]
    return b"".join(line + b"\n" for line in whole if kept(from_json(line.decode()), num_updates))


def kept(event, num_updates):
    if isinstance(event, RunFinished):
        return False
    if isinstance(event, CheckpointSaved | CheckpointFailed):
        return event.logged_at <= num_updates
    begun = isinstance(event, RunStarted)
    return (event.first_update if begun else event.num_updates) <= num_updates


def log_session(log, first, draw):
    """Log what a process of a run does from an update on, until it is killed or at its end."""
    log.write(started(first))
    at, saved, copied = first, [first], first
    for step in draw(st.lists(st.integers(0, 3), max_size=12)):
        at += step
        copied = draw(st.sampled_from([copied, at]))  # what is logged now was copied before
        kinds = [progress, evaluated, skipped_sample, partial(saved_checkpoint, copied)]
        event = draw(st.sampled_from([*kinds, partial(failed_checkpoint, copied)]))(at)
        log.write(event)
        saved += [copied] * isinstance(event, CheckpointSaved)
    if draw(st.booleans()):
        log.write(finished())
    return saved


def skipped_sample(num_updates):
    return SampleSkipped(num_updates, "a/é.jpg" * (num_updates % 3 * 400), "no image")


def saved_checkpoint(num_updates, logged_at):
    return CheckpointSaved(num_updates, "a.pt", logged_at, 0.1, 2.0)


def failed_checkpoint(num_updates, logged_at):
    return CheckpointFailed(num_updates, "a.pt", "no space", logged_at)


@settings(max_examples=num_cases(60))
@given(st.data())
def test_the_cut_is_that_of_the_rule_for_whatever_a_run_and_its_resumes_log(data):
    with TemporaryDirectory() as folder:
        path, first = Path(folder) / "events.jsonl", 0
        for _ in range(data.draw(st.integers(1, 4))):
            with EventLog(path) as log:
                saved = log_session(log, first, data.draw)
            content = path.read_bytes() + b'{"event": "pro' * data.draw(st.integers(0, 2))
            path.write_bytes(content)
            first = data.draw(st.sampled_from([0, *saved]))
            truncate_after(path, first)
            assert path.read_bytes() == by_full_parse(content, first)
            truncate_after(path, first)
            assert path.read_bytes() == by_full_parse(content, first)


@pytest.mark.parametrize("num_kept", [0, 1, 2, 999, 1000])
def test_the_cut_is_found_by_reading_a_few_lines(tmp_path, monkeypatch, num_kept):
    path = tmp_path / "events.jsonl"
    lines = [to_json(progress(number)) + "\n" for number in range(1, 1001)]
    path.write_text("".join(lines))
    parsed = []
    monkeypatch.setattr(event_log, "from_json", lambda x: parsed.append(x) or from_json(x))
    truncate_after(path, num_kept)
    assert path.read_text() == "".join(lines[:num_kept])
    assert 0 < len(parsed) <= 2 * math.log2(path.stat().st_size + len("".join(lines)))


def test_a_log_that_need_not_be_cut_is_not_written(tmp_path, monkeypatch):
    path = tmp_path / "events.jsonl"
    path.write_text(to_json(started()) + "\n")
    monkeypatch.setattr(os, "ftruncate", pytest.fail)
    truncate_after(path, 0)


def test_a_failing_disk_leaves_the_log_and_is_named(tmp_path, monkeypatch):
    path = tmp_path / "events.jsonl"
    content = f"{to_json(started())}\n{to_json(progress(3))}\n"
    path.write_text(content)

    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "ftruncate", fail)
    with pytest.raises(BsgrowError, match=r"cannot cut back .*events\.jsonl: Input/output error"):
        truncate_after(path, 1)
    assert path.read_text() == content


def test_a_log_that_is_a_link_is_neither_read_nor_cut_nor_written(tmp_path):
    path, victim = tmp_path / "events.jsonl", tmp_path / "victim"
    victim.write_text(f"{to_json(started())}\n{to_json(progress(3))}\n")
    content = victim.read_text()
    path.symlink_to(victim)
    for use in (EventLog, read_events, partial(truncate_after, num_updates=0)):
        with pytest.raises(InputError, match="a symbolic link"):
            use(path)
    path.unlink()
    os.link(victim, path)
    for use in (EventLog, partial(truncate_after, num_updates=0)):
        with pytest.raises(InputError, match="hard links"):
            use(path)
    assert victim.read_text() == content


@pytest.mark.parametrize("content", [b"\0" * 2**21, b" " * 2**20 + b"\n", b"\n" + b"x" * 2**21])
def test_a_line_without_an_end_is_refused_within_a_bound(tmp_path, content):
    path = tmp_path / "events.jsonl"
    path.write_bytes(content)
    os.truncate(path, max(2**40, len(content)) if content.endswith((b"\0", b"x")) else len(content))
    for read in (read_events, partial(truncate_after, num_updates=10)):
        with pytest.raises(InputError, match=r"longer than 1048576 bytes|line 1: '' is not"):
            read(path)


def test_events_are_read_one_by_one(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text((to_json(progress(1)) + "\n") * 3_000)  # 0.7 MB
    tracemalloc.start()
    try:
        assert sum(event.num_updates for event in events_in(path)) == 3_000
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_a_text_too_long_for_a_line_is_shortened(tmp_path):
    path = tmp_path / "events.jsonl"
    event = SampleSkipped(3, "a" * 2**21, "no image")
    with EventLog(path) as log:
        log.write(event)
    assert read_events(path) == [SampleSkipped(3, "a" * 4096, "no image")]


def test_samples_that_were_reported_are_known_again(tmp_path):
    path = tmp_path / "events.jsonl"
    names = ["a.jpg", "b\udcff.jpg", 'c"\n.jpg']
    with EventLog(path) as log:
        for event in (started(), *(SampleSkipped(1, name, "x") for name in names), progress(1)):
            log.write(event)
    reported = ReportedSamples(path)
    assert all(name in reported for name in names)
    assert "d.jpg" not in reported


def test_what_cannot_be_read_of_a_log_reports_no_sample(tmp_path):
    path = tmp_path / "events.jsonl"
    line = to_json(SampleSkipped(1, "a.jpg", "x"))
    twice = line.replace("{", '{"event": "sample_skipped", ', 1).replace(
        "sample_skipped", "lunch", 2
    )
    damaged = line[:-1] + ', "event": "run_finished"}'
    path.write_text(f"{line}\n{twice}\n{damaged}\n{line.replace('a.jpg', 'b.jpg')}\n")
    reported = ReportedSamples(path)
    assert "a.jpg" in reported
    assert "b.jpg" not in reported
    assert "a.jpg" not in ReportedSamples(tmp_path / "none")
