"""The order of samples: a permutation each epoch, shuffled well, the same in C++ and in Python."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.native import reference
from bsgrow.stream import SampleStream
from tests.drawn import num_cases

SEEDS = st.integers(0, 2**64 - 1)
SIZES = st.one_of(
    st.integers(1, 70), st.integers(1, 2**32), st.sampled_from([2**32, 2**32 - 1, 2**31 + 1])
)
AWKWARD_SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 97, 127, 128, 129, 1797, 4095, 4097, 65537]


def order(num_samples, seed, start, stop):
    return SampleStream(num_samples, seed)[start:stop].samples


def by_the_reference(num_samples, seed, start, stop):
    places = (divmod(position, num_samples) for position in range(start, stop))
    return [reference.permute(num_samples, seed, *place) for place in places]


def chi_square(counts: np.ndarray) -> float:
    expected = counts.sum() / counts.size
    return float(((counts - expected) ** 2 / expected).sum())


def chi_square_limit(degrees: int) -> float:
    """What chance exceeds about once in 3.5 million (five sigma, Wilson and Hilferty 1931)."""
    return float(degrees * (1 - 2 / (9 * degrees) + 5 * (2 / (9 * degrees)) ** 0.5) ** 3)


def epochs(num_samples: int, seed: int, num_epochs: int) -> np.ndarray:
    return order(num_samples, seed, 0, num_samples * num_epochs).reshape(num_epochs, num_samples)


@settings(max_examples=num_cases(200), deadline=None)
@given(num_samples=SIZES, seed=SEEDS, epoch=st.integers(0, 2**32 - 1), data=st.data())
def test_equals_the_reference(num_samples, seed, epoch, data):
    offset = data.draw(st.integers(0, num_samples - 1))
    start = min(epoch * num_samples + offset, 2**64 - 1)
    last = min(num_samples * 2**32, 2**64 - 1)
    stop = min(start + data.draw(st.integers(0, 150)), last)
    expected = by_the_reference(num_samples, seed, start, stop)
    np.testing.assert_array_equal(order(num_samples, seed, start, stop), expected)


@pytest.mark.parametrize("num_samples", AWKWARD_SIZES)
@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_every_epoch_is_a_permutation(num_samples, seed):
    for samples in epochs(num_samples, seed, 3):
        np.testing.assert_array_equal(np.sort(samples), np.arange(num_samples))


@given(seed=SEEDS, cuts=st.lists(st.integers(0, 500), max_size=6))
@settings(max_examples=num_cases(50), deadline=None)
def test_does_not_depend_on_how_it_is_cut(seed, cuts):
    edges = [0, *sorted(cuts), 500]
    parts = [order(97, seed, a, b) for a, b in pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(parts), order(97, seed, 0, 500))


@pytest.mark.parametrize("num_samples", [2, 3, 5, 8, 13, 16, 31, 64])
def test_each_sample_is_as_likely_at_each_position(num_samples):
    samples = epochs(num_samples, 11, 4000)
    counts = np.zeros((num_samples, num_samples))
    np.add.at(counts, (np.arange(num_samples)[None, :], samples), 1)
    # Rows and columns each sum to the number of epochs: (n - 1)^2 degrees of freedom.
    assert chi_square(counts) * (num_samples - 1) / num_samples < chi_square_limit(
        (num_samples - 1) ** 2
    )


@pytest.mark.parametrize("num_samples", [8, 13, 16, 31, 64, 100])
def test_neighbours_are_independent(num_samples):
    samples = epochs(num_samples, 5, 2000)
    counts = np.zeros((num_samples, num_samples))
    np.add.at(counts, (samples[:, :-1], samples[:, 1:]), 1)
    assert not counts.diagonal().any()
    pairs = counts[~np.eye(num_samples, dtype=bool)]
    assert chi_square(pairs) < chi_square_limit(pairs.size)


@pytest.mark.parametrize("num_samples", [1797, 50_000])
@pytest.mark.parametrize("lag", [1, 2, 256])
def test_no_correlation_along_an_epoch(num_samples, lag):
    samples = epochs(num_samples, 3, 1)[0].astype(float)
    correlation = np.corrcoef(samples[:-lag], samples[lag:])[0, 1]
    assert abs(correlation) < 5 / (num_samples - lag) ** 0.5


@pytest.mark.parametrize("other", [(7, 1), (8, 0), (7 + 2**32, 0), (7 + 2**63, 0)])
def test_seeds_and_epochs_are_unrelated(other):
    num_samples = 20_000
    seed, epoch = other
    first = order(num_samples, 7, 0, num_samples)
    second = order(num_samples, seed, epoch * num_samples, (epoch + 1) * num_samples)
    # Fixed points of one permutation against another are Poisson with mean 1.
    assert np.count_nonzero(first == second) < 12
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 / num_samples**0.5


def test_the_end_of_the_stream_is_reached_without_overflow():
    start = 2**64 - 9
    samples = order(2**32, 0, start, 2**64 - 1)
    np.testing.assert_array_equal(samples, by_the_reference(2**32, 0, start, 2**64 - 1))


@settings(max_examples=num_cases(100), deadline=None)
@given(num_samples=SIZES, seed=SEEDS, shuffle=st.booleans(), data=st.data())
def test_one_position_a_range_and_an_array_say_the_same(num_samples, seed, shuffle, data):
    stream = SampleStream(num_samples, seed, shuffle)
    last = min(num_samples * 2**32, 2**64 - 1) - 1
    start = data.draw(st.integers(0, last))
    stop = min(start + data.draw(st.integers(0, 20)), last)
    places = stream[start:stop]
    one_by_one = [stream[position] for position in range(start, stop)]
    assert list(zip(*map(np.ndarray.tolist, places), strict=True)) == one_by_one
    assert [epoch for epoch, _ in one_by_one] == [p // num_samples for p in range(start, stop)]
    for other in (stream[range(start, stop)], stream[np.arange(start, stop, dtype=np.uint64)]):
        np.testing.assert_array_equal(other, places)


@settings(max_examples=num_cases(50), deadline=None)
@given(num_samples=st.integers(1, 100), seed=SEEDS, data=st.data())
def test_positions_come_in_any_order_and_shape(num_samples, seed, data):
    positions = data.draw(st.lists(st.integers(0, 1000), min_size=6, max_size=6))
    stream = SampleStream(num_samples, seed)
    epochs, samples = stream[np.array(positions).reshape(2, 3)]
    assert epochs.shape == samples.shape == (2, 3)
    assert epochs.dtype == samples.dtype == np.int64
    pairs = zip(epochs.ravel().tolist(), samples.ravel().tolist(), strict=True)
    assert list(pairs) == [stream[position] for position in positions]


def test_a_number_of_numpy_is_a_position():
    stream = SampleStream(10, 3)
    assert stream[np.uint64(27)] == stream[np.array(27)] == stream[27]


def test_unshuffled_it_goes_round_in_order():
    epochs, samples = SampleStream(3, 9, shuffle=False)[:7]
    assert samples.tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert epochs.tolist() == [0, 0, 0, 1, 1, 1, 2]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64, np.uint64])
def test_positions_are_of_any_integer_dtype(dtype):
    stream = SampleStream(10, 3)
    places = stream[np.array([100, 3, 27], dtype)]
    np.testing.assert_array_equal(places.samples, [stream[p][1] for p in (100, 3, 27)])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0), "num_samples = 0: must be a whole number from 1 to 4294967296"),
        ((2**32 + 1, 0), "num_samples = 4294967297: must be"),
        ((5, -1), "seed = -1: must be a whole number from 0"),
        ((5, 2**64), "seed = 18446744073709551616: must be"),
    ],
)
def test_numbers_out_of_range_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        SampleStream(*arguments)


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (slice(-1, 1), "start: .* got -1"),
        (slice(3, 2), "stop: expected an integer from 3 to .* got 2"),
        (slice(2**64 - 1, 2**64), "stop: .* got 18446744073709551616"),
        (slice(5 * 2**32 - 1, 5 * 2**32 + 1), "stop: position 21474836480 lies beyond epoch"),
        (slice(0, 8, 2), "step 2"),
        (slice(3, None), "endless"),
        (np.array([0, -1]), "positions: expected 0 or more, got -1"),
        (np.array([0, 5 * 2**32], np.uint64), "positions: position 21474836480 lies beyond epoch"),
    ],
)
def test_positions_outside_the_stream_are_named(positions, message):
    with pytest.raises(ValueError, match=message):
        SampleStream(5, 0)[positions]


@pytest.mark.parametrize(
    "positions", [1.5, "1", slice(0, 1.5), np.array([1.5]), np.array([True]), [1, 2], None]
)
def test_what_is_no_position_is_refused(positions):
    with pytest.raises(TypeError):
        SampleStream(5, 0)[positions]


def test_an_endless_stream_is_neither_gone_through_nor_searched():
    stream = SampleStream(5, 0)
    with pytest.raises(TypeError, match="not iterable"):
        iter(stream)
    with pytest.raises(TypeError, match="not a container"):
        3 in stream  # noqa: B015 - it is what is refused


def test_numbers_that_are_no_integers_are_refused():
    with pytest.raises(InputError, match=r"seed = 1.5: must be a whole number"):
        SampleStream(5, 1.5)
    with pytest.raises(InputError, match=r"num_samples = 5.0: must be a whole number"):
        SampleStream(5.0, 1)
