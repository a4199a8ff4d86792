"""How an update is divided over ranks and micro-batches."""

import math
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.stream import SampleStream, Share, gradient_accumulation_steps

starts = st.integers(0, 2**64)
sizes = st.integers(1, 5000)
ghosts = st.integers(1, 300)
world_sizes = st.integers(1, 64)


def shares(world_size, ghost):
    return [Share(rank, world_size, ghost) for rank in range(world_size)]


@given(starts, sizes, ghosts, world_sizes)
@example(0, 3, 2, 8)  # more ranks than ghost batches: most shares are empty
@example(7, 64, 64, 1)
def test_ranks_tile_an_update_in_whole_ghost_batches(start, size, ghost, world_size):
    cursor = start
    for share in shares(world_size, ghost):
        first, last = share.run(start, start + size)
        assert first == cursor
        assert (first - start) % ghost == 0 or first == last
        cursor = last
    assert cursor == start + size


@given(sizes, ghosts, world_sizes)
def test_ranks_differ_by_at_most_one_ghost_batch(size, ghost, world_size):
    lengths = [last - first for first, last in (s.run(0, size) for s in shares(world_size, ghost))]
    assert max(lengths) - min(lengths) < 2 * ghost
    assert max(lengths) <= ghost * math.ceil(math.ceil(size / ghost) / world_size)
    assert lengths == sorted(lengths, reverse=True)


@given(starts, sizes, ghosts, st.integers(1, 9), world_sizes)
@example(0, 1, 300, 1, 64)
def test_micro_batches_tile_the_update(start, size, ghost, num_ghosts, world_size):
    micro, cursor = ghost * num_ghosts, start
    for share in shares(world_size, ghost):
        cuts = list(share.micro_batches(start, start + size, micro))
        assert len(cuts) == share.num_micro_batches(start, start + size, micro)
        for cut in cuts:
            assert cut.start == cursor < cut.stop <= start + size
            assert (cut.start - start) % ghost == 0
            assert cut.num_samples <= micro
            assert cut.weight == cut.num_samples / size
            cursor = cut.stop
        assert [cut.is_last for cut in cuts] == [False] * (len(cuts) - 1) + [True] * bool(cuts)
        assert all(cut.num_samples == micro for cut in cuts[:-1])
    assert cursor == start + size


@given(sizes, ghosts, st.integers(1, 9), world_sizes)
def test_the_weights_of_all_ranks_add_up_to_one(size, ghost, num_ghosts, world_size):
    each = (s.micro_batches(0, size, ghost * num_ghosts) for s in shares(world_size, ghost))
    assert math.fsum(cut.weight for cuts in each for cut in cuts) == pytest.approx(1)


@given(
    num_samples=st.integers(1, 400),
    seed=st.integers(0, 2**64 - 1),
    cuts=st.lists(st.integers(1, 300), min_size=1, max_size=4),
    ghost=st.integers(1, 40),
    ranks=st.tuples(world_sizes, world_sizes),
)
def test_the_order_does_not_depend_on_the_number_of_ranks(num_samples, seed, cuts, ghost, ranks):
    stream = SampleStream(num_samples, seed)
    edges = [sum(cuts[:n]) for n in range(len(cuts) + 1)]

    def consumed(world_size):
        for start, stop in pairwise(edges):
            for share in shares(world_size, ghost):
                for cut in share.micro_batches(start, stop, 2 * ghost):
                    yield from stream[cut.start : cut.stop].samples.tolist()

    one, other = (list(consumed(world_size)) for world_size in ranks)
    assert one == other == stream[: edges[-1]].samples.tolist()


@given(sizes, ghosts, st.integers(1, 9), world_sizes)
def test_the_busiest_rank_sets_the_accumulation_steps(size, ghost, num_ghosts, world_size):
    micro = ghost * num_ghosts
    steps = [share.num_micro_batches(0, size, micro) for share in shares(world_size, ghost)]
    assert gradient_accumulation_steps(size, ghost, micro, world_size) == max(steps)


def test_an_empty_share_has_no_micro_batch():
    share = Share(rank=3, world_size=4, ghost_batch_size=64)
    assert share.run(1000, 1128) == (1128, 1128)
    assert list(share.micro_batches(1000, 1128, 64)) == []
    assert share.num_micro_batches(1000, 1128, 64) == 0


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((0, 0, 1), "world_size = 0: must be a whole number, 1 or more"),
        ((-1, 2, 1), "rank = -1: must be a whole number, 0 or more"),
        ((2, 2, 1), "rank = 2: must be below world_size = 2"),
        ((0, 1, 0), "ghost_batch_size = 0: must be a whole number, 1 or more"),
    ],
)
def test_numbers_out_of_range_are_named(numbers, message):
    with pytest.raises(InputError, match=message):
        Share(*numbers)


@pytest.mark.parametrize("numbers", [(0.0, 1, 1), (0, 1.0, 1), (0, 1, 1.0)])
def test_numbers_that_are_no_integers_are_refused(numbers):
    with pytest.raises(InputError, match="must be a whole number"):
        Share(*numbers)


@pytest.mark.parametrize("update", [(10, 5), (-1, 5)])
def test_what_is_no_update_is_refused(update):
    with pytest.raises(ValueError, match="expected positions, the first one first"):
        Share().run(*update)


@pytest.mark.parametrize("size", [0, -64, 32, 96])
def test_a_micro_batch_is_whole_ghost_batches(size):
    share = Share(ghost_batch_size=64)
    with pytest.raises(ValueError, match=f"micro_batch_size = {size}: expected a multiple of .*64"):
        list(share.micro_batches(0, 128, size))
    with pytest.raises(ValueError, match="micro_batch_size"):
        share.num_micro_batches(0, 128, size)
