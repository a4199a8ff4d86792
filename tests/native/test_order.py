"""The order of samples: a permutation each epoch, shuffled well, the same in C++ and in Python."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow.native import order, reference

SEEDS = st.integers(0, 2**64 - 1)
SIZES = st.one_of(
    st.integers(1, 70), st.integers(1, 2**32), st.sampled_from([2**32, 2**32 - 1, 2**31 + 1])
)
AWKWARD_SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 97, 127, 128, 129, 1797, 4095, 4097, 65537]


def chi_square(counts: np.ndarray) -> float:
    expected = counts.sum() / counts.size
    return float(((counts - expected) ** 2 / expected).sum())


def chi_square_limit(degrees: int) -> float:
    """What chance exceeds about once in 3.5 million (five sigma, Wilson and Hilferty 1931)."""
    return float(degrees * (1 - 2 / (9 * degrees) + 5 * (2 / (9 * degrees)) ** 0.5) ** 3)


def epochs(num_samples: int, seed: int, num_epochs: int) -> np.ndarray:
    return order(num_samples, seed, 0, num_samples * num_epochs).reshape(num_epochs, num_samples)


@settings(max_examples=200, deadline=None)
@given(num_samples=SIZES, seed=SEEDS, epoch=st.integers(0, 2**32 - 1), data=st.data())
def test_equals_the_reference(num_samples, seed, epoch, data):
    offset = data.draw(st.integers(0, num_samples - 1))
    start = min(epoch * num_samples + offset, 2**64 - 1)
    last = min(num_samples * 2**32, 2**64 - 1)
    stop = min(start + data.draw(st.integers(0, 150)), last)
    expected = reference.order(num_samples, seed, start, stop)
    np.testing.assert_array_equal(order(num_samples, seed, start, stop), expected)


@pytest.mark.parametrize("num_samples", AWKWARD_SIZES)
@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_every_epoch_is_a_permutation(num_samples, seed):
    for samples in epochs(num_samples, seed, 3):
        np.testing.assert_array_equal(np.sort(samples), np.arange(num_samples))


@given(seed=SEEDS, cuts=st.lists(st.integers(0, 500), max_size=6))
@settings(max_examples=50, deadline=None)
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
    np.testing.assert_array_equal(samples, reference.order(2**32, 0, start, 2**64 - 1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0, 0, 1), "num_samples: .* from 1 to 4294967296, got 0"),
        ((2**32 + 1, 0, 0, 1), "num_samples: .* got 4294967297"),
        ((5, -1, 0, 1), "seed: .* got -1"),
        ((5, 2**64, 0, 1), "seed: .* got 18446744073709551616"),
        ((5, 0, -1, 1), "start: .* got -1"),
        ((5, 0, 3, 2), "stop: expected an integer from 3 to .* got 2"),
        ((5, 0, 2**64 - 1, 2**64), "stop: .* got 18446744073709551616"),
        ((5, 0, 5 * 2**32 - 1, 5 * 2**32 + 1), "stop: position .* lies beyond epoch"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        order(*arguments)


def test_an_argument_that_is_no_integer_is_named():
    with pytest.raises(TypeError, match=r"seed: expected an integer, got 1\.5"):
        order(5, 1.5, 0, 1)
