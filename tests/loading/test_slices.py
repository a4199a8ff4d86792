"""Slices of the stream are filled in runs: whole, in order, as long as they fit."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bsgrow.loading.slices import Slice, runs_of, slices_of
from bsgrow.schedule import Update


def test_slices_are_the_micro_batches_of_each_update():
    updates = [Update(0, 5, 25, 0.1, 0.9), Update(1, 25, 29, 0.1, 0.9)]
    ends = [(0, 5, 13), (0, 13, 21), (0, 21, 25), (1, 25, 29)]
    assert list(slices_of(updates, 8)) == [Slice(a, b, updates[of]) for of, a, b in ends]


@st.composite
def streams(draw):
    """Slices that mostly, not always, go on from each other."""
    slices, position = [], 0
    for size, gap in draw(st.lists(st.tuples(st.integers(1, 9), st.sampled_from([0, 0, 0, 5])))):
        slices.append(Slice(position + gap, position + gap + size))
        position += gap + size
    return slices


@given(streams(), st.integers(0, 30))
def test_runs_are_as_long_as_they_can_be(slices, num_samples):
    runs = list(runs_of(slices, num_samples))
    assert [piece for run in runs for piece in run] == slices
    for run in runs:
        assert all(a.stop == b.start for a, b in pairwise(run))
        assert len(run) == 1 or run[-1].stop - run[0].start <= num_samples
    for run, after in pairwise(runs):
        assert after[0].start != run[-1].stop or after[0].stop - run[0].start > num_samples


def test_a_full_run_does_not_wait_for_what_comes_next():
    taken = []
    slices = (taken.append(start) or Slice(start, start + 4) for start in range(0, 40, 4))
    runs = runs_of(slices, 8)
    assert next(runs) == [Slice(0, 4), Slice(4, 8)]
    assert taken == [0, 4]
