"""Work begun ahead comes in order, is never more than there is room for, and is dropped early."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.loading import lookahead
from bsgrow.loading.lookahead import Idle, look_ahead

DEPTHS = [0, 1, 3]


class Work:
    """A piece of work, and a record of what became of all of them."""

    def __init__(self, record, request):
        self.record, self.request = record, request
        record.append(("begun", request))

    def result(self):
        self.record.append(("waited", self.request))
        return self.request

    def cancel(self):
        self.record.append(("cancelled", self.request))


def run(requests, depth, begin=Work):
    """Return the results, as a generator, and the record."""
    record = []
    return look_ahead(requests, lambda r: begin(record, r), lambda n: n < depth), record


def of(kind, record):
    return [request for what, request in record if what == kind]


@pytest.mark.parametrize("depth", DEPTHS)
def test_all_results_in_order(depth):
    results, record = run(range(100), depth)
    assert list(results) == list(range(100))
    assert of("begun", record) == of("waited", record) == list(range(100))
    assert of("cancelled", record) == []


@pytest.mark.parametrize("depth", DEPTHS)
def test_nothing_to_do(depth):
    results, record = run([], depth)
    assert list(results) == record == []


@pytest.mark.parametrize("depth", DEPTHS)
def test_as_much_is_under_way_as_there_is_room_for(depth):
    results, record = run(range(50), depth)
    assert record == []
    for received in results:
        expected = min(received + max(depth, 1), 50)
        assert of("begun", record) == list(range(expected))


def test_closing_drops_what_was_begun():
    results, record = run(iter(int, 1), 3)  # endless zeros
    assert next(results) == 0
    results.close()
    assert of("cancelled", record) == [0, 0]


def test_dropping_the_generator_drops_what_was_begun():
    results, record = run(range(9), 3)
    assert next(results) == 0
    del results
    assert of("cancelled", record) == [1, 2]


def test_an_exception_of_the_requests_is_raised_and_the_rest_dropped():
    def requests():
        yield from range(4)
        raise OSError("disk")

    results, record = run(requests(), 3)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(OSError, match="disk"):
        next(results)
    assert of("cancelled", record) == [2, 3]


@pytest.mark.parametrize("where", ["begin", "result"])
def test_an_exception_of_the_work_is_raised_and_the_rest_dropped(where):
    class Failing(Work):
        def __init__(self, record, request):
            super().__init__(record, request)
            if where == "begin" and request == 3:
                raise OSError("disk")

        def result(self):
            if self.request == 1:
                raise OSError("disk")
            return super().result()

    results, record = run(range(9), 3, Failing)
    assert next(results) == 0
    with pytest.raises(OSError, match="disk"):
        next(results)
    assert of("cancelled", record) == ([1, 2] if where == "begin" else [2, 3])


def work_among_idle(is_work, depth):
    """Return the results of requests 0, 1, …, of which some are work, and the record."""
    return run(range(len(is_work)), depth, lambda r, k: Work(r, k) if is_work[k] else Idle(k))


@given(st.lists(st.booleans(), max_size=40), st.sampled_from(DEPTHS), st.integers(1, 6))
def test_work_is_begun_past_what_is_none(is_work, depth, max_idle):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookahead, "MAX_IDLE", max_idle)
        results, record = work_among_idle(is_work, depth)
        for received in results:
            left = [k for k in range(received, len(is_work)) if is_work[k]]
            idle = [k for k in range(received + 1, len(is_work)) if not is_work[k]]
            room = max(depth, 1) - (not is_work[received])  # what is handed over takes some
            last = min([len(is_work), *idle[max_idle - 1 : max_idle]])
            ahead = [k for k in left[:room] if k < last]
            begun = [k for k in of("begun", record) if k >= received]
            assert begun == ahead
    assert (
        of("begun", record)
        == of("waited", record)
        == [k for k in range(len(is_work)) if is_work[k]]
    )


def test_no_more_is_drawn_of_what_is_none_than_is_held():
    drawn = []
    endless = (drawn.append(None) for _ in iter(int, 1))
    results = look_ahead(endless, Idle, lambda n: n < 3)
    for num in range(1, 100):
        next(results)
        assert len(drawn) <= num + lookahead.MAX_IDLE
