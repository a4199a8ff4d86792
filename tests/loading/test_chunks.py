"""Chunks hold all of the stream once, in order, and are as long as they may be."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bsgrow.loading.chunks import chunks_of, chunks_of_one_size, parts_of
from bsgrow.stream import Cut


def cut(start, stop):
    return Cut(start, stop, 1.0, is_last=True)


@st.composite
def streams(draw):
    """Micro-batches that mostly, not always, go on from each other."""
    cuts, position = [], 0
    for size, gap in draw(st.lists(st.tuples(st.integers(1, 9), st.sampled_from([0, 0, 0, 5])))):
        cuts.append(cut(position + gap, position + gap + size))
        position += gap + size
    return cuts


@given(streams(), st.integers(0, 30))
def test_chunks_of_whole_micro_batches_are_as_long_as_they_can_be(cuts, num_samples):
    chunks = list(chunks_of(cuts, num_samples))
    assert [piece for chunk in chunks for piece in chunk.pieces] == cuts
    for chunk in chunks:
        assert all(a.stop == b.start for a, b in pairwise(chunk.pieces))
        assert (chunk.start, chunk.stop) == (chunk.pieces[0].start, chunk.pieces[-1].stop)
        assert len(chunk.pieces) == 1 or chunk.stop - chunk.start <= num_samples
    for chunk, after in pairwise(chunks):
        longer = after.pieces[0].stop - chunk.start
        assert after.start != chunk.stop or longer > num_samples


def test_a_full_chunk_does_not_wait_for_what_comes_next():
    taken = []
    cuts = (taken.append(start) or cut(start, start + 4) for start in range(0, 40, 4))
    chunks = chunks_of(cuts, 8)
    assert next(chunks) == (0, 8, [cut(0, 4), cut(4, 8)])
    assert taken == [0, 4]


def test_chunks_of_one_size():
    cuts = [cut(0, 5), cut(5, 6), cut(6, 30), cut(40, 41)]
    chunks = list(chunks_of_one_size(cuts, 8))
    ends = [(chunk.start, chunk.stop) for chunk in chunks]
    assert ends == [(0, 8), (8, 16), (16, 24), (24, 30), (40, 41)]
    assert chunks[0].pieces == [(cuts[0], 0, 5), (cuts[1], 5, 6), (cuts[2], 6, 8)]
    assert chunks[1].pieces[0].rows == slice(2, 10)
    assert [chunks[0].rows(part) for part in chunks[0].pieces] == [
        slice(0, 5),
        slice(5, 6),
        slice(6, 8),
    ]


@given(streams(), st.integers(1, 30))
def test_chunks_of_one_size_are_full_but_before_a_gap(cuts, size):
    chunks = list(chunks_of_one_size(cuts, size))
    parts = [part for chunk in chunks for part in chunk.pieces]
    positions = [position for part in parts for position in range(part.start, part.stop)]
    assert positions == [p for each in cuts for p in range(each.start, each.stop)]
    for chunk, after in pairwise(chunks):
        assert chunk.stop - chunk.start == size or after.start != chunk.stop


@given(st.integers(0, 50), st.integers(1, 50), st.integers(1, 60))
def test_parts_of_one_micro_batch(start, num_samples, size):
    whole = cut(start, start + num_samples)
    parts = list(parts_of(whole, size, start))
    assert [part.rows.start for part in parts] == list(range(0, num_samples, size))
    assert [part.stop for part in parts] == [*(part.start for part in parts[1:]), whole.stop]
