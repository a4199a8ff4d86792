"""Random numbers of a sample's own."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bsgrow.errors import InputError
from bsgrow.stream import SampleIndex, sample_rng, torch_sample_rng, torch_seeded

KEYS = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**32), st.integers(0, 2**32 - 1))


@given(KEYS, KEYS)
def test_they_are_those_of_the_key_alone(key, other):
    drawn = sample_rng(*key).integers(2**63, size=4)
    assert (sample_rng(*key).integers(2**63, size=4) == drawn).all()
    if key != other:
        assert (sample_rng(*other).integers(2**63, size=4) != drawn).any()


def test_they_are_numpys_philox():
    """The first block of Philox4x64-10 behind counter (0, 0, sample, epoch), keyed by the seed."""
    expected = np.random.Philox(key=3, counter=[0, 0, 5, 4]).random_raw(4)
    assert (sample_rng(3, 4, SampleIndex(5, 4)).bit_generator.random_raw(4) == expected).all()


def test_no_two_samples_share_a_stretch_of_numbers():
    """A counter that began next door would give the numbers of the other, a block later."""
    first = sample_rng(0, 0, 0).integers(2**63, size=400)
    for key in [(0, 0, 1), (0, 1, 0), (1, 0, 0)]:
        assert not np.isin(sample_rng(*key).integers(2**63, size=400), first).any()


def test_torchs_are_of_the_key_too():
    drawn = torch.rand(3, generator=torch_sample_rng(1, 2, 3))
    assert torch.equal(torch.rand(3, generator=torch_sample_rng(1, 2, 3)), drawn)
    assert not torch.equal(torch.rand(3, generator=torch_sample_rng(1, 2, 4)), drawn)


def test_torchs_own_numbers_go_on_behind_a_context_as_before():
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    with torch_seeded(1, 2, 3):
        inside = torch.rand(2)
    assert torch.equal(torch.rand(2), expected)
    torch.manual_seed(5)
    with torch_seeded(1, 2, 3):
        assert torch.equal(torch.rand(2), inside)


@pytest.mark.parametrize("key", [(-1, 0, 0), (2**64, 0, 0), (0, -1, 0), (0, 0, 2**64)])
def test_a_number_that_is_out_of_range_is_refused(key):
    with pytest.raises(InputError, match="must be a whole number from 0 to"):
        sample_rng(*key)
