"""Micro-batches are filled in runs: whole, in order, as long as they fit."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bsgrow.loading.slices import runs_of
from bsgrow.stream import Cut


def cut(start, stop):
    return Cut(start, stop, 1.0, is_last=True)


@st.composite
def streams(draw):
    """Micro-batches that mostly, not always, go on from each other."""
    slices, position = [], 0
    for size, gap in draw(st.lists(st.tuples(st.integers(1, 9), st.sampled_from([0, 0, 0, 5])))):
        slices.append(cut(position + gap, position + gap + size))
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
    slices = (taken.append(start) or cut(start, start + 4) for start in range(0, 40, 4))
    runs = runs_of(slices, 8)
    assert next(runs) == [cut(0, 4), cut(4, 8)]
    assert taken == [0, 4]
