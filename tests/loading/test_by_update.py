"""Micro-batches by update: every update comes, whatever a rank has of it, fetched across ends."""

from contextlib import closing
from itertools import accumulate, chain, islice, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.data import ArrayDataset, ArraySplit
from bsgrow.loading import MicroBatch, by_update
from bsgrow.schedule import Update
from bsgrow.stream import Share

WHOLE = Share()
SPLIT = ArraySplit(np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1), np.arange(20))
DATASET = ArrayDataset("numbers", SPLIT, SPLIT, 20, (0.5,), (0.5,), "sha256:0")


def updates_of(sizes, start=0):
    edges = accumulate(sizes, initial=start)
    return [Update(k, *pair, 0.1, 0.9) for k, pair in enumerate(pairwise(edges))]


class Stream:
    """Makes micro-batches of nothing, as many ahead as are asked for."""

    def __init__(self, num_ahead=0, fail_at=None):
        self.num_ahead, self.fail_at = num_ahead, fail_at
        self.begun, self.is_closed = [], False

    def __call__(self, cuts):
        nothing, waiting = torch.empty(0), []
        try:
            for cut in cuts:
                self.begun.append(cut.start)
                waiting.append(MicroBatch(cut.start, cut.stop, nothing, nothing, *cut[2:]))
                if cut.start == self.fail_at:
                    raise OSError("gone")
                if len(waiting) > self.num_ahead:
                    yield waiting.pop(0)
            yield from waiting
        finally:
            self.is_closed = True


sizes = st.lists(st.integers(1, 40), max_size=8)


@given(sizes, st.integers(1, 9), st.integers(1, 3), st.integers(1, 4), st.integers(0, 5))
def test_every_rank_has_every_update_and_together_all_of_it(
    sizes, world_size, ghost, num_ghosts, num_ahead
):
    planned, micro = updates_of(sizes, start=7), ghost * num_ghosts
    shares = [Share(rank, world_size, ghost) for rank in range(world_size)]
    ranks = [by_update(planned, share, micro, Stream(num_ahead)) for share in shares]
    for update, *come in zip(planned, *ranks, strict=True):
        assert all(mine.update == update for mine in come)
        batches = [list(mine.micro_batches) for mine in come]
        assert all([b.is_last for b in mine] == [b is mine[-1] for b in mine] for mine in batches)
        in_order = list(chain.from_iterable(batches))
        edges = [update.start, *(batch.stop for batch in in_order)]
        assert [(batch.start, batch.stop) for batch in in_order] == list(pairwise(edges))
        assert edges[-1] == update.stop
        assert sum(batch.weight for batch in in_order) == pytest.approx(1)


@given(sizes, st.integers(0, 3), st.data())
def test_what_is_left_of_an_update_does_not_come_in_the_next(sizes, num_ahead, data):
    updates = updates_of(sizes)
    for update, micro_batches in by_update(updates, WHOLE, 4, Stream(num_ahead)):
        num = data.draw(st.integers(0, 12))
        taken = [each.start for each in islice(micro_batches, num)]
        assert taken == list(range(update.start, update.stop, 4))[:num]


def test_the_next_update_is_begun_before_one_ends():
    stream = Stream(num_ahead=3)
    with closing(by_update(updates_of([4, 8, 40]), WHOLE, 4, stream)) as updates:
        _, micro_batches = next(updates)
        assert stream.begun == [], "nothing before it is asked for"
        next(micro_batches)
        assert stream.begun == [0, 4, 8, 12]
        assert next(updates).update.index == 1
        assert stream.begun == [0, 4, 8, 12], "an update is no reason to wait"
    assert stream.is_closed


def test_a_plan_without_end_is_drawn_as_it_is_needed():
    drawn = []

    def plan():
        for index in range(10_000):
            drawn.append(index)
            yield Update(index, 4 * index, 4 * index + 4, 0.1, 0.9)

    with closing(by_update(plan(), WHOLE, 4, Stream(num_ahead=2))) as updates:
        for _ in range(10):
            list(next(updates).micro_batches)
    assert len(drawn) == 12


def test_an_error_comes_where_the_micro_batch_would_and_ends_all():
    updates = by_update(updates_of([8, 8]), WHOLE, 4, Stream(fail_at=4))
    _, micro_batches = next(updates)
    assert next(micro_batches).start == 0
    with pytest.raises(OSError, match="gone"):
        next(micro_batches)
    with pytest.raises(RuntimeError, match="ended before its updates"):
        next(updates)


def test_an_error_ahead_comes_where_micro_batches_are_asked_for():
    """Also of an update of which there are none: where they are asked for is where it is met."""
    share = Share(1, 2, ghost_batch_size=4)
    updates = by_update(updates_of([4, 8]), share, 4, Stream(num_ahead=1, fail_at=8))
    _, micro_batches = next(updates)
    with pytest.raises(OSError, match="gone"):
        next(micro_batches)


@pytest.mark.parametrize("is_asked", [True, False])
def test_what_comes_after_updates_without_a_sample_is_begun_in_them(is_asked):
    share, stream = Share(1, 2, ghost_batch_size=4), Stream(num_ahead=3)
    with closing(by_update(updates_of([4, 4, 4, 8, 4, 8]), share, 4, stream)) as updates:
        update, micro_batches = next(updates)
        assert update.index == 0
        if is_asked:
            assert list(micro_batches) == []
        else:
            next(updates)
        assert stream.begun[:4] == [4, 8, 12, 16], "what is none of it, and then the first share"
        rest = {update.index: [b.start for b in batches] for update, batches in updates}
    assert {index: starts for index, starts in rest.items() if starts} == {3: [16], 5: [28]}


def test_old_micro_batches_give_nothing_of_later_updates():
    updates = by_update(updates_of([8, 8]), WHOLE, 4, Stream())
    _, first = next(updates)
    _, second = next(updates)
    assert list(first) == []
    assert [each.start for each in second] == [8, 12]
