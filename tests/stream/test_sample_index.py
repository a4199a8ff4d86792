"""Indices of samples that know their epoch, found where they are read."""

import copy
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import TensorDataset

from bsgrow.stream import SampleIndex, SampleIndices, SampleStream


def sent(value):
    return pickle.loads(pickle.dumps(value))


@given(st.integers(1, 50), st.integers(0, 2**64 - 1), st.integers(0, 200), st.integers(0, 60))
def test_they_are_the_places_of_the_stream(num_samples, seed, start, length):
    stream = SampleStream(num_samples, seed)
    indices = SampleIndices(stream, start, start + length)
    places = stream[start : start + length]
    assert [int(each) for each in indices] == places.samples.tolist()
    assert [each.epoch for each in indices] == places.epochs.tolist()
    assert len(indices) == length
    assert [indices[offset] for offset in range(length)] == list(indices)


def test_they_are_a_sequence():
    indices = SampleIndices(SampleStream(10, 1), 8, 14)
    assert indices[-1] == list(indices)[-1]
    assert indices[-1].epoch == 1
    assert indices[1:3] == list(indices)[1:3]
    with pytest.raises(IndexError):
        indices[6]


def test_as_many_as_one_likes_travel_as_a_few_numbers():
    indices = SampleIndices(SampleStream(2**32, 7), 2**40, 2**40 + 65536)
    assert len(pickle.dumps(indices)) < 200
    assert sent(indices) == copy.deepcopy(indices) == indices


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, sent])
def test_a_copy_of_an_index_knows_its_epoch(copied):
    index = copied(SampleIndex(5, 3))
    assert (index, index.epoch, isinstance(index, SampleIndex)) == (5, 3, True)


def test_it_indexes_as_an_integer_does():
    index = SampleIndex(1, 9)
    assert ["a", "b"][index] == "b"
    assert TensorDataset(torch.tensor([10, 20]))[index] == (torch.tensor(20),)
    assert {1: "x"}[index] == "x"
