"""Copies beside what a device computes: their order, and how long sources are held."""

import weakref

import pytest
import torch

from bsgrow.loading.side_stream import MAX_SOURCES, SideStream
from tests.loading.logged_streams import (
    CPU,
    Event,
    log_streams,
    logged_side_stream,
    numbers_of,
)


class Owner:
    """Memory of someone else."""


@pytest.fixture
def log(monkeypatch):
    return log_streams(monkeypatch)


def pair(*values):
    return torch.tensor(values), torch.zeros(1)


def test_memory_is_not_written_before_the_consumer_let_go_of_it(log):
    source = torch.arange(5)
    target, _ = logged_side_stream(log).send((source, torch.zeros(1)))()
    assert log == [
        ("use", 0),
        ("copier waits for use", 0),
        ("copied", 0),
        ("consumer waits for copy", 0),
    ]
    assert torch.equal(target, source)
    assert target.data_ptr() != source.data_ptr()


def test_what_arrives_is_not_given_on_before_its_user_is_done(log, monkeypatch):
    recorded = []
    monkeypatch.setattr(
        torch.Tensor, "record_stream", lambda tensor, user: recorded.append((id(tensor), user.name))
    )
    sent = logged_side_stream(log).send(pair(1))
    assert recorded == []
    targets = sent()
    assert recorded == [(id(target), "consumer") for target in targets]


def test_what_is_sent_is_held_while_it_is_read(log):
    side = logged_side_stream(log)
    for index in range(5):
        side.send(pair(index))
        assert side.num_held == min(index + 1, MAX_SOURCES)
    assert numbers_of("host waits for copy", log) == list(range(5 - MAX_SOURCES))
    side.release(0)
    assert side.num_held == 0
    assert log[-1] == ("host waits for copy", 4)


def test_the_host_waits_before_it_begins_one_too_many(log):
    side = logged_side_stream(log)
    for index in range(MAX_SOURCES + 1):
        side.send(pair(index))
    waited = log.index(("host waits for copy", 0))
    assert waited < log.index(("copied", MAX_SOURCES))


def test_what_is_read_is_held_where_waiting_for_it_is_interrupted(log, monkeypatch):
    side = logged_side_stream(log)
    side.send(pair(1))
    with monkeypatch.context() as interrupted:
        interrupted.setattr(Event, "synchronize", interrupt)
        with pytest.raises(KeyboardInterrupt):
            side.release(0)
    assert side.num_held == 1
    side.release(0)
    assert log[-1] == ("host waits for copy", 0)


def interrupt(event):
    raise KeyboardInterrupt


def test_the_first_copy_into_a_batch_waits_for_what_was_queued_when_its_memory_was_taken(log):
    """And for nothing since: micro-batches are put together while those before them compute."""
    side = logged_side_stream(log)
    batches = [torch.zeros(6) for _ in range(3)]
    for batch in batches:
        side.take(batch)
        log.append("computing is queued")
    for batch in batches[:2]:
        for start in (0, 3):
            side.fill(torch.arange(3.0), batch[start : start + 3])
    assert log[:6] == [step for use in range(3) for step in (("use", use), "computing is queued")]
    assert [step for step in log[6:] if step[0] != "host waits for copy"] == [
        ("copier waits for use", 0),
        ("copied", 0),
        ("consumer waits for copy", 0),
        ("copied", 1),
        ("consumer waits for copy", 1),
        ("copier waits for use", 1),
        ("copied", 2),
        ("consumer waits for copy", 2),
        ("copied", 3),
        ("consumer waits for copy", 3),
    ]
    assert [batch.tolist() for batch in batches] == [[0, 1, 2, 0, 1, 2]] * 2 + [[0] * 6]


def test_memory_that_is_taken_again_is_waited_for_again(log):
    side, memory = logged_side_stream(log), torch.zeros(6)
    for num_samples in (6, 3):
        side.take(memory[:num_samples])
        side.fill(torch.ones(3), memory[:3])
    waits = [step for step in log if step[0] == "copier waits for use"]
    assert waits == [("copier waits for use", 0), ("copier waits for use", 1)]


def test_an_owner_is_held_until_its_copy_is_done(log):
    side, out, alive = logged_side_stream(log), torch.zeros(2), []
    for index in range(5):
        owner = Owner()
        alive.append(weakref.ref(owner))
        side.fill(torch.ones(2), out, owner)
        del owner
        assert [ref() is not None for ref in alive[-MAX_SOURCES:]] == [True] * min(
            index + 1, MAX_SOURCES
        )
    waited = numbers_of("host waits for copy", log)
    assert waited == list(range(5 - MAX_SOURCES))
    assert [ref() is None for ref in alive] == [True] * (5 - MAX_SOURCES) + [False] * MAX_SOURCES


def test_on_the_host_a_copy_is_done_at_once():
    side, out = SideStream(CPU), torch.zeros(3, dtype=torch.bfloat16)
    side.take(out)
    owner = Owner()
    alive = weakref.ref(owner)
    side.fill(torch.arange(3.0), out, owner)
    del owner
    assert out.tolist() == [0, 1, 2]
    assert alive() is None


def test_memory_of_the_host_is_not_page_locked():
    assert not SideStream(CPU).host_memory((3,), torch.uint8).is_pinned()
