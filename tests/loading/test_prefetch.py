"""An iterator run ahead in a thread behaves like the iterator."""

import threading

import pytest

from bsgrow.loading.prefetch import prefetch

DEPTHS = [0, 1, 3]


@pytest.mark.parametrize("depth", DEPTHS)
def test_all_items_in_order(depth):
    assert list(prefetch(range(100), depth)) == list(range(100))


@pytest.mark.parametrize("depth", DEPTHS)
def test_an_exception_comes_in_its_place(depth):
    def items():
        yield 1
        raise OSError("disk")

    received = prefetch(items(), depth)
    assert next(received) == 1
    with pytest.raises(OSError, match="disk"):
        next(received)


@pytest.mark.parametrize("depth", DEPTHS)
def test_leaving_early_ends_the_thread(depth):
    before = threading.active_count()
    received = prefetch(iter(int, 1), depth)  # endless zeros
    assert next(received) == 0
    received.close()
    assert threading.active_count() == before


def test_never_more_ahead_than_the_depth():
    taken = 0
    received_too_many = False

    def items():
        nonlocal taken
        for item in range(50):
            taken += 1
            yield item

    for received, _ in enumerate(prefetch(items(), 2), start=1):
        # Two wait, one is in the thread's hand, one may just have been asked for.
        received_too_many |= taken > received + 4
    assert taken == 50
    assert not received_too_many
