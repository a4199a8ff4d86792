"""Rounds in turn: order, warm-up, budgets and failures."""

import threading
import time
import weakref

import pytest
import torch

from bsgrow.bench.measure import (
    Measured,
    Pace,
    Round,
    UnavailableError,
    describe_failure,
    measure_in_turn,
    run_source,
    settle,
)
from bsgrow.bench.source import Batch, Source
from bsgrow.errors import InputError


def run(seconds):
    return Round(100, 0.5)


def ignore(name, index):
    pass


def test_each_has_its_round_before_any_has_the_next():
    seen = []
    measure_in_turn({"a": run, "b": run}, Pace(3, 0.1), lambda *at: seen.append(at))
    assert seen == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2)]


def test_the_first_round_does_not_count_unless_it_is_alone():
    measured = measure_in_turn({"a": run}, Pace(3), ignore)["a"]
    assert list(measured.rounds) == [0, 1, 2]
    assert list(measured.counted) == [1, 2]
    assert list(Measured({0: Round(1, 1.0)}).counted) == [0]


def test_a_slow_system_leaves_when_its_time_is_up():
    def slow(seconds):
        time.sleep(0.06)
        return Round(1, 0.06)

    measured = measure_in_turn({"slow": slow, "a": run}, Pace(4, seconds_per_row=0.05), ignore)
    assert list(measured["slow"].rounds) == [0, 1]
    assert list(measured["a"].rounds) == [0, 1, 2, 3]


class OfAForeignSystem(Exception):
    pass


def test_rounds_end_when_no_system_has_time_left():
    """However many were asked for."""
    pace = Pace(10**20, seconds_per_row=0.0)
    assert list(measure_in_turn({"a": run}, pace, ignore)["a"].rounds) == [0]


@pytest.mark.parametrize("kind", [BufferError, StopIteration, MemoryError, OfAForeignSystem])
def test_what_a_foreign_system_may_fail_with_is_a_reason(kind):
    def broken(seconds):
        raise kind("no luck")

    reason = measure_in_turn({"broken": broken}, Pace(2), ignore)["broken"].reason
    assert reason == f"{kind.__name__}: no luck"


def test_a_failure_is_a_reason_and_the_others_go_on():
    def broken(seconds):
        raise RuntimeError("no luck\nat all")

    measured = measure_in_turn({"broken": broken, "a": run}, Pace(2), ignore)
    assert measured["broken"].reason == "RuntimeError: no luck"
    assert measured["a"].reason is None
    assert len(measured["a"].rounds) == 2


def test_an_error_of_ours_is_not_a_row():
    def wrong(seconds):
        raise InputError("run.device = 'gpu'")

    with pytest.raises(InputError, match=r"run\.device"):
        measure_in_turn({"bsgrow": wrong}, Pace(2), ignore)


def test_failures_in_words():
    assert describe_failure(UnavailableError("is not installed")) == "is not installed"
    assert describe_failure(MemoryError()) == "MemoryError"
    assert describe_failure(OSError(28, "No space left")) == "OSError: [Errno 28] No space left"


class Endless:
    """A stream that counts what was taken from it, and whether it was closed."""

    def __init__(self):
        self.taken, self.closed = 0, False

    def stream(self):
        try:
            while True:
                self.taken += 1
                yield Batch(10)
        finally:
            self.closed = True


def test_what_was_made_ahead_is_not_timed(array_work):
    endless = Endless()
    done = run_source(Source(endless.stream, num_ahead=3, num_together=2), array_work(), 0.0)
    assert done.num_samples == 20, "one group, whole"
    assert endless.taken == 3 + 2 + 2
    assert endless.closed


def test_as_many_deliveries_are_held_while_warming_up_as_while_timed(array_work):
    """Else memory that the warm-up did not touch would be made while the clock runs."""
    work = array_work()
    refs, num_held = [], []

    def stream():
        while True:
            num_held.append(sum(ref() is not None for ref in refs))
            images = torch.zeros(work.slice_size, *work.image_shape)
            refs.append(weakref.ref(images))
            batch = Batch(len(images), images)
            del images
            yield batch
            del batch

    run_source(Source(stream, num_ahead=3, num_together=2), work, 0.01)
    assert num_held[1:5] == [1] * 4
    assert max(num_held[5:]) == 1


def test_a_round_lasts_as_long_as_asked_for(array_work):
    done = run_source(Source(Endless().stream), array_work(), 0.02)
    assert done.seconds >= 0.02
    assert done.samples_per_second == done.num_samples / done.seconds


def test_a_stream_is_closed_where_its_batch_is_not_what_was_asked_for(array_work):
    begun = []

    def stream():
        begun.append(kept := wrong_batches())
        return kept

    def wrong_batches():
        try:
            while True:
                yield Batch(10, torch.zeros(10))
        finally:
            begun.append("closed")

    with pytest.raises(UnavailableError, match="delivers"):
        run_source(Source(stream), array_work(), 10.0)
    assert begun[1:] == ["closed"]


def test_settling_waits_for_what_still_works_in_the_background():
    stop = time.monotonic() + 0.3

    def work():
        while time.monotonic() < stop:
            sum(range(1000))

    worker = threading.Thread(target=work)
    worker.start()
    settle()
    assert not worker.is_alive()
    worker.join()
