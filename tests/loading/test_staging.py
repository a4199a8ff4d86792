"""Micro-batches are filled ahead, across updates, in memory that one number sets."""

import tracemalloc
from collections import deque
from itertools import pairwise

import pytest
import torch

from bsgrow.loading.layout import BatchLayout
from bsgrow.loading.loader import cuts_of
from bsgrow.loading.staging import Staging
from bsgrow.schedule import Update
from bsgrow.stream import Share

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
    return staging.batches(cuts_of(updates(*sizes), Share(), MICRO), filler), filler


def begun_at_each(prefetch_bytes, *sizes, keep=False):
    """How many runs of micro-batches were begun when each micro-batch was handed over."""
    batches, filler = begin(prefetch_bytes, *sizes)
    kept, begun = [], []
    for batch in batches:
        begun.append(filler.num_begun)
        if keep:
            kept.append(batch)
    return begun


@pytest.mark.parametrize("prefetch_bytes", [0, 1, 3 * SLOT, 6 * SLOT + 5000, 1 << 40])
def test_every_position_comes_once_in_order(prefetch_bytes):
    batches, _ = begin(prefetch_bytes, 1, 100, 7, 900)
    labels = torch.cat([labels for _, (_, labels) in batches])
    assert labels.tolist() == list(range(1008))


@pytest.mark.parametrize("size", [1, MICRO, 10 * MICRO])
def test_in_step_nothing_is_ahead(size):
    assert begun_at_each(0, *[size] * 10) == list(range(1, max(10, 10 * size // MICRO) + 1))


def test_the_ring_is_filled_across_updates():
    assert begun_at_each(3 * SLOT, 8, 16, 80) == [*range(2, 14), 13]


@pytest.mark.parametrize("prefetch_bytes", [1, 3 * SLOT, 6 * SLOT])
def test_one_is_filled_while_another_is_used(prefetch_bytes):
    begun = begun_at_each(prefetch_bytes, 800)
    together = 100 // begun[-1]
    assert all(num * together > used for used, num in enumerate(begun[:-together], start=1))


def test_small_ones_are_filled_together_across_updates():
    batches, filler = begin(6 * SLOT, *[4] * 40, 3, 80)
    assert [piece.stop - piece.start for piece, _ in batches] == [4] * 40 + [3] + [8] * 10
    assert filler.num_begun == 10 + 1 + 5, "two whole micro-batches a slot, or four of half"


def test_memory_ahead_is_what_was_asked_for():
    staging = Staging(LAYOUT, MICRO, CPU, 9 * SLOT)
    assert (staging.num_slots, staging.slot_samples) == (3, 3 * MICRO)
    assert Staging(LAYOUT, MICRO, CPU, 1 << 40).slot_samples == 64 * MICRO
    assert Staging(LAYOUT, MICRO, CPU, 1).slot_samples == MICRO
    assert Staging(LAYOUT, MICRO, CPU, 0).num_slots == 0


def test_what_the_consumer_keeps_takes_nothing_from_what_is_filled_ahead():
    assert begun_at_each(3 * SLOT, 800, keep=True) == [*range(2, 101), 100]


@pytest.mark.parametrize(
    ("consume", "num_slots"),
    [
        (lambda batches: deque(batches, maxlen=0), 3),
        (lambda batches: deque(map(len, batches), maxlen=0), 3),
        (lambda batches: [index for index, _ in enumerate(batches)], 3),
        (lambda batches: [index for index, _ in enumerate(pairwise(batches))], 4),
        (lambda batches: (next(batches), [None for _ in batches]), 4),
    ],
    ids=["dropped", "in calls", "in a loop", "with the one before", "with the first"],
)
def test_memory_is_made_at_the_beginning_alone(consume, num_slots, num_allocated):
    consume(begin(3 * SLOT, 800)[0])
    assert num_allocated() <= num_slots


def test_leaving_early_cancels_what_was_begun():
    batches, filler = begin(3 * SLOT, 800)
    next(batches)
    batches.close()
    assert (filler.num_begun, filler.num_cancelled) == (2, 1)


def test_memory_does_not_depend_on_the_global_batch():
    def peak(*sizes):
        tracemalloc.start()
        try:
            for _ in begin(6 * SLOT, *sizes)[0]:
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small, medium, large = peak(*[2] * 400), peak(*[8] * 100), peak(800)
    assert 6 * SLOT < small < 7 * SLOT
    assert abs(large - small) < SLOT / 4
    assert abs(large - medium) < SLOT / 4
