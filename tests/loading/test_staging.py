"""Micro-batches are filled ahead, across updates, in memory that one number sets."""

import tracemalloc

import pytest
import torch

from bsgrow.loading.layout import BatchLayout
from bsgrow.loading.staging import Staging, slices_of
from bsgrow.schedule import Update

CPU = torch.device("cpu")
MICRO = 8
LAYOUT = BatchLayout((3, 32, 32), torch.float32, torch.contiguous_format)
SLOT = LAYOUT.num_bytes(MICRO)


class Filler:
    """Fills labels with positions when it is waited for; counts what was begun."""

    def __init__(self):
        self.num_begun = 0
        self.num_cancelled = 0

    def __call__(self, start, stop, images, labels):
        self.num_begun += 1
        return Filling(self, start, stop, images, labels)


class Filling:
    def __init__(self, filler, start, stop, images, labels):
        self.filler, self.start, self.stop = filler, start, stop
        self.images, self.labels = images, labels

    def wait(self):
        self.labels[:] = range(self.start, self.stop)
        del self.images, self.labels

    def done(self):
        return False

    def cancel(self):
        self.filler.num_cancelled += 1


def updates(*sizes):
    start = 0
    for index, size in enumerate(sizes):
        yield Update(index, start, start + size, 0.1, 0.9)
        start += size


def begin(prefetch_bytes, *sizes):
    filler = Filler()
    staging = Staging(LAYOUT, MICRO, CPU, prefetch_bytes)
    return staging.batches(slices_of(updates(*sizes), MICRO), filler), filler


def begun_at_each(prefetch_bytes, *sizes, keep=False):
    """How many micro-batches were begun when each was handed over."""
    batches, filler = begin(prefetch_bytes, *sizes)
    kept, begun = [], []
    for batch in batches:
        begun.append(filler.num_begun)
        if keep:
            kept.append(batch)
    return begun


@pytest.mark.parametrize("prefetch_bytes", [0, 1, 5 * SLOT, 1 << 40])
def test_every_position_comes_once_in_order(prefetch_bytes):
    batches, _ = begin(prefetch_bytes, 1, 100, 7, 900)
    labels = torch.cat([labels for _, (_, labels) in batches])
    assert labels.tolist() == list(range(1008))


def test_in_step_nothing_is_ahead():
    assert begun_at_each(0, 80) == list(range(1, 11))


def test_the_ring_is_filled_across_updates():
    # The consumer holds the one before while it asks, so that one slot less is filled then.
    assert begun_at_each(5 * SLOT, 8, 16, 80) == [5, 5, *range(6, 14), 13, 13, 13]


@pytest.mark.parametrize("prefetch_bytes", [1, 3 * SLOT])
def test_at_least_one_is_filled_while_another_is_used(prefetch_bytes):
    begun = begun_at_each(prefetch_bytes, 800)
    assert all(num > used for used, num in enumerate(begun[:-1], start=1))


def test_what_is_ahead_is_bounded():
    assert begun_at_each(1 << 40, 8000)[0] == 16


def test_a_consumer_that_keeps_all_is_served_in_step():
    begun = begun_at_each(4 * SLOT, 800, keep=True)
    assert begun == [4, 4, 4, *range(4, 101)]


def test_leaving_early_cancels_what_was_begun():
    batches, filler = begin(4 * SLOT, 800)
    next(batches)
    batches.close()
    assert (filler.num_begun, filler.num_cancelled) == (4, 3)


def test_memory_does_not_depend_on_the_global_batch():
    def peak(*sizes):
        tracemalloc.start()
        try:
            for _ in begin(4 * SLOT, *sizes)[0]:
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small, large = peak(*[8] * 100), peak(800)
    assert 4 * SLOT < small < 5 * SLOT
    assert abs(large - small) < SLOT / 4
