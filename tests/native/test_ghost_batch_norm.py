"""Batch norm over groups: against the numpy reference, and what nothing depends on."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bsgrow import _native
from bsgrow.native import reference_batch_norm as reference
from tests.drawn import num_cases

EPS = 1e-5
UNIT = 2.0**-24  # a float32 is rounded by this much of itself at most


def drawn(*shape, seed=0, offset=0.0):
    values = np.random.default_rng(seed).standard_normal(shape) * 2 + offset
    return values.astype(np.float32)


def address(array):
    return 0 if array is None else array.ctypes.data


class Norm:
    """The operations, on arrays [num_samples, channels, values] of either layout."""

    def __init__(self, x, group_size, channels_last, affine=True, num_threads=1):
        self.channels_last = channels_last
        self.x = self._lay_out(x)
        num_groups = -(-len(x) // group_size)
        self.sizes = (*x.shape, channels_last, group_size, num_threads)
        self.weight = drawn(x.shape[1], seed=1) if affine else None
        self.bias = drawn(x.shape[1], seed=2) if affine else None
        self.statistics = np.full((3, num_groups, x.shape[1]), np.nan)
        self.sums = np.zeros((3, x.shape[1]))

    def _lay_out(self, array):
        return np.ascontiguousarray(array.swapaxes(1, 2) if self.channels_last else array)

    def _as_drawn(self, array):
        return array.swapaxes(1, 2) if self.channels_last else array

    def forward(self):
        y = np.full_like(self.x, np.nan)
        arrays = (self.x, self.weight, self.bias, y, self.statistics, self.sums)
        _native.ghost_forward(*self.sizes, EPS, *map(address, arrays))
        return self._as_drawn(y)

    def backward(self, of_y):
        of_y, of_x = self._lay_out(of_y), np.full_like(self.x, np.nan)
        of_weight, of_bias = np.full((2, self.x.shape[2 if self.channels_last else 1]), np.nan, "f")
        arrays = (self.x, of_y, self.weight, self.statistics, of_x, of_weight, of_bias)
        _native.ghost_backward(*self.sizes, *map(address, arrays))
        return self._as_drawn(of_x), of_weight, of_bias


def assert_close(found, expected, scale):
    """To a few roundings of what is added up to it."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=6 * UNIT * scale)


@settings(max_examples=num_cases(150))
@given(
    num_samples=st.integers(1, 9),
    channels=st.sampled_from([1, 2, 3, 4, 7, 8, 9, 16, 19, 33]),
    values=st.sampled_from([1, 2, 5, 16, 17, 31, 36, 64]),
    group_size=st.integers(1, 9),
    channels_last=st.booleans(),
    affine=st.booleans(),
    offset=st.sampled_from([0.0, 1.0, 3000.0]),
)
def test_it_is_the_reference_to_rounding(
    num_samples, channels, values, group_size, channels_last, affine, offset
):
    x = drawn(num_samples, channels, values, offset=offset)
    of_y = drawn(num_samples, channels, values, seed=3)
    norm = Norm(x, group_size, channels_last, affine)
    weight = norm.weight if affine else np.ones(channels)
    bias = norm.bias if affine else np.zeros(channels)
    x, of_y, weight, bias = (each.astype(np.float64) for each in (x, of_y, weight, bias))
    y, sums = reference.forward(x, weight, bias, group_size, EPS)
    assert_close(norm.forward(), y, np.abs(y).max() + np.abs(bias).max())
    np.testing.assert_allclose(norm.sums, sums, rtol=1e-9, atol=1e-12)
    of_x, *of_both = norm.backward(of_y.astype(np.float32))
    expected, *expected_both = reference.backward(x, of_y, weight, group_size, EPS)
    largest = np.abs(of_y).max() * np.abs(weight).max() * num_samples * values
    assert_close(of_x, expected, largest * norm.statistics[2].max())
    for each, other in zip(of_both, expected_both, strict=True):
        assert_close(each, other, np.abs(of_y).max() * num_samples * values)


@pytest.mark.parametrize("channels_last", [False, True])
def test_it_is_exact_far_from_zero_and_from_its_first_value(channels_last):
    x = drawn(64, 3, 100, offset=1e5)
    x[0] = -1e7
    norm = Norm(x, 64, channels_last)
    norm.forward()
    np.testing.assert_allclose(norm.statistics[0, 0], x.astype(float).mean((0, 2)), rtol=1e-13)
    var = x.astype(float).var((0, 2), ddof=1)
    np.testing.assert_allclose(norm.statistics[1, 0], var, rtol=1e-11)


@pytest.mark.parametrize("channels_last", [False, True])
def test_a_constant_channel_is_its_bias(channels_last):
    norm = Norm(np.full((6, 5, 7), 3.3, np.float32), 4, channels_last)
    assert np.array_equal(norm.forward(), np.broadcast_to(norm.bias[:, None], (6, 5, 7)))
    assert np.array_equal(norm.statistics[1], np.zeros((2, 5)))


@pytest.mark.parametrize("channels_last", [False, True])
def test_what_is_no_number_stays_in_its_group_and_channel(channels_last):
    x = drawn(6, 5, 20)
    x[3, 2, 7] = np.nan
    expected = np.zeros((6, 5, 20), bool)
    expected[3:6, 2] = True
    assert np.array_equal(np.isnan(Norm(x, 3, channels_last).forward()), expected)


def everything(group_size=5, channels_last=False, num_threads=1, num_samples=23, num_channels=40):
    """What is written, for inputs of many pieces."""
    shape = (num_samples, num_channels, 300)
    norm = Norm(drawn(*shape), group_size, channels_last, num_threads=num_threads)
    return [norm.forward(), norm.statistics, norm.sums, *norm.backward(drawn(*shape, seed=3))]


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("group_size", [1, 5, 12, 23])
def test_threads_change_no_bit(group_size, channels_last):
    one = everything(group_size, channels_last)
    for other in zip(one, everything(group_size, channels_last, num_threads=3), strict=True):
        assert np.array_equal(*other)


@pytest.mark.parametrize("channels_last", [False, True])
def test_groups_do_not_see_each_other(channels_last):
    x, of_y = drawn(10, 19, 36), drawn(10, 19, 36, seed=3)
    whole = Norm(x, 4, channels_last)
    y, (of_x, *_) = whole.forward(), whole.backward(of_y)
    for first in (0, 4, 8):
        part = Norm(x[first : first + 4], 4, channels_last)
        assert np.array_equal(part.forward(), y[first : first + 4])
        assert np.array_equal(part.backward(of_y[first : first + 4])[0], of_x[first : first + 4])


def digest():
    written = [each for last in (False, True) for each in everything(channels_last=last)]
    return hashlib.sha256(b"".join(np.ascontiguousarray(each) for each in written)).hexdigest()


@pytest.mark.parametrize("instruction_set", _native.instruction_sets())
def test_every_instruction_set_gives_the_same(instruction_set):
    program = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
        "from test_ghost_batch_norm import digest; print(digest())"
    )
    environment = os.environ | {"BSGROW_INSTRUCTION_SET": instruction_set}
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == digest()


@pytest.mark.parametrize("place", [0, 1, 2, 4])
def test_sizes_are_checked(place):
    norm = Norm(drawn(4, 3, 2), 2, False)
    sizes = [*norm.sizes]
    sizes[place] = 0
    with pytest.raises(ValueError, match="expected 1 or more, got 0"):
        _native.ghost_forward(*sizes, EPS, *[8] * 6)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [(0, 0, "^x: expected an address, got none"), (1, 2, "^weight: .* aligned"), (4, 4, "statist")],
)
def test_addresses_are_checked(place, value, message):
    norm = Norm(drawn(4, 3, 2), 2, False)
    addresses = [8] * 6
    addresses[place] = value
    with pytest.raises(ValueError, match=message):
        _native.ghost_forward(*norm.sizes, EPS, *addresses)
