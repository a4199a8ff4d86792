"""How an update is divided over ranks and micro-batches."""

import math
from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bsgrow.schedule import Growth, Reference, compile_plan
from bsgrow.schedule.split import (
    count_micro_batches,
    gradient_accumulation_steps,
    micro_slices,
    rank_slice,
)

sizes = st.integers(1, 5000)
ghosts = st.integers(1, 300)


@given(st.integers(0, 2**64), sizes, ghosts, st.integers(1, 64))
def test_ranks_tile_the_update_in_whole_ghost_batches(start, size, ghost, world_size):
    cursor = start
    for rank in range(world_size):
        first, last = rank_slice(start, start + size, ghost, rank, world_size)
        assert first == cursor
        assert (first - start) % ghost == 0 or first == last
        cursor = last
    assert cursor == start + size


@given(sizes, ghosts, st.integers(1, 64))
def test_ranks_differ_by_at_most_one_ghost_batch(size, ghost, world_size):
    slices = [rank_slice(0, size, ghost, rank, world_size) for rank in range(world_size)]
    lengths = [last - first for first, last in slices]
    assert max(lengths) - min(lengths) < 2 * ghost
    assert max(lengths) <= ghost * math.ceil(math.ceil(size / ghost) / world_size)


@given(sizes, ghosts, st.integers(1, 9))
def test_micro_batches_tile_the_slice(size, ghost, num_ghosts):
    slices = list(micro_slices(7, 7 + size, ghost * num_ghosts))
    assert slices[0][0] == 7
    assert slices[-1][1] == 7 + size
    assert all(a[1] == b[0] for a, b in pairwise(slices))
    assert len(slices) == gradient_accumulation_steps(size, ghost, ghost * num_ghosts, 1)


@given(
    num_samples=st.integers(1, 3000),
    epochs=st.integers(1, 6),
    batch=st.integers(1, 200),
    factor=st.floats(1.1, 5),
    micro=st.integers(1, 300),
    curve=st.sampled_from(
        [{"name": "CosineAnnealingLR", "T_max": 6}, {"name": "ExponentialLR", "gamma": 0.4}]
    ),
)
def test_the_sizes_of_a_plan_are_few_and_counted(num_samples, epochs, batch, factor, micro, curve):
    batch = min(batch, num_samples)
    reference = Reference(epochs, 0.1, batch, 0.9, curve)
    plan = compile_plan(reference, Growth(factor=factor), num_samples)
    counts = Counter(
        stop - start
        for update in plan.updates()
        for start, stop in micro_slices(update.start, update.stop, micro)
    )
    assert count_micro_batches(plan, micro) == counts
    assert len(counts) <= 2 + len(plan.phases)
